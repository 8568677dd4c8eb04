using Engram.Engine.Accounts;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Engram.ServiceDefaults;
using Microsoft.Extensions.Options;

namespace Engram.Worker;

/// <summary><c>Worker migrate</c>: brings the database to the newest schema and exits; the hosts start after it.</summary>
internal static class MigrateVerb
{
    private const string OwnerConnection = "engram";

    public static async Task<int> RunAsync(string[] args)
    {
        var builder = Host.CreateApplicationBuilder(args);
        builder.AddServiceDefaults();
        builder.Services.AddOptions<MigrationOptions>().BindConfiguration("Engram:Database").ValidateDataAnnotations();
        builder.Services.AddOptions<KeyOptions>().BindConfiguration("Engram:Keys").ValidateDataAnnotations();
        builder.Services.AddSingleton<Migrator>();
        builder.Services.AddSingleton<KeyHasher>();
        builder.Services.AddSingleton<FirstTenant>();
        using var host = builder.Build();

        var owner = builder.Configuration.GetConnectionString(OwnerConnection);
        if (string.IsNullOrWhiteSpace(owner))
        {
            await Console.Error.WriteLineAsync($"ConnectionStrings:{OwnerConnection} is missing: the owner connection the migrations run with.");
            return 2;
        }

        try
        {
            var options = host.Services.GetRequiredService<IOptions<MigrationOptions>>().Value;
            var applied = await host.Services.GetRequiredService<Migrator>().MigrateAsync(owner, options);
            Console.WriteLine(applied.Count == 0 ? "The schema is up to date." : $"Applied {applied.Count} migration(s).");
            var bootstrap = builder.Configuration.GetSection("Engram:Bootstrap");
            if (await host.Services.GetRequiredService<FirstTenant>().EnsureAsync(owner, bootstrap["ApiKey"], bootstrap["PortalSetupToken"]))
                Console.WriteLine("Made the first tenant with its bucket 'default'.");
            return 0;
        }
        catch (OptionsValidationException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 2;
        }
    }
}
