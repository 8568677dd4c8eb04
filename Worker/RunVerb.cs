using Engram.Engine;
using Engram.Engine.Database;
using Engram.ServiceDefaults;

namespace Engram.Worker;

/// <summary><c>Worker run</c>: claims jobs and extracts triples until it is stopped.</summary>
internal static class RunVerb
{
    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.AddServiceDefaults();
        builder.AddKeyedNpgsqlDataSource(TenantDb.ConnectionName);
        builder.AddKeyedNpgsqlDataSource(SystemDb.ConnectionName);
        builder.Services.AddEngramExtraction();

        var app = builder.Build();
        app.MapDefaultEndpoints();
        await app.RunAsync();
        return 0;
    }
}
