// A child for LocalHost's tests. Verbs: serve (default), job EXITCODE, crash (ends with 3 at once).
if (args is ["job", var exitCode])
{
    Console.WriteLine("the job ran");
    return int.Parse(exitCode, System.Globalization.CultureInfo.InvariantCulture);
}

if (args is ["crash"])
{
    return 3;
}

var builder = WebApplication.CreateSlimBuilder(args);
var app = builder.Build();
app.MapGet("/health", () => Results.Ok());
app.MapGet("/environment", () => Environment.GetEnvironmentVariables().Keys.Cast<string>().ToDictionary(name => name, Environment.GetEnvironmentVariable));
app.MapGet("/arguments", () => args);
app.MapGet("/process", () => Environment.ProcessId);
app.MapPost("/crash", () => Environment.FailFast("asked to crash"));
await app.RunAsync();
return 0;
