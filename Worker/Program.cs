using Engram.Worker;

return args switch
{
    ["migrate"] => await MigrateVerb.RunAsync(args),
    ["rotate-keys", ..] => await RotateKeysVerb.RunAsync(args),
    [] or ["run", ..] => await RunVerb.RunAsync(args),
    _ => Usage(args[0]),
};

static int Usage(string verb)
{
    Console.Error.WriteLine($"Unknown verb '{verb}'. Verbs: run (extraction, the default), migrate (bring the database to the newest schema, then exit), rotate-keys (wrap the tenants' data keys under the current master key, then exit).");
    return 2;
}
