using System.ComponentModel;
using System.Diagnostics;
using Engram.Engine;
using Engram.Engine.Database;
using Engram.Engine.Extraction;
using Engram.Engine.Extraction.Rules;
using Engram.Engine.Latency;
using Engram.ServiceDefaults;
using Engram.Worker.Embedding;
using Engram.Worker.Extraction;
using Engram.Worker.Profiles;

namespace Engram.Worker;

/// <summary><c>Worker run</c>: claims jobs and extracts triples until it is stopped.</summary>
internal static class RunVerb
{
    public static async Task<int> RunAsync(string[] args)
    {
        YieldToRequests();
        var builder = WebApplication.CreateBuilder(args);
        builder.AddServiceDefaults();
        builder.AddKeyedNpgsqlDataSource(TenantDb.ConnectionName, keepsNoSessionState: true);
        builder.AddKeyedNpgsqlDataSource(SystemDb.ConnectionName);
        builder.Services.AddEngramExtraction().AddEngramLatency();
        builder.Services.AddOptions<ExtractionOptions>().BindConfiguration("Engram:Extraction").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<ITripleExtractor, RuleExtractor>().AddSingleton<JobExtraction>();
        builder.Services.AddSingleton<JobListener>().AddHostedService(s => s.GetRequiredService<JobListener>());
        builder.Services.AddSingleton<ExtractionService>().AddHostedService(s => s.GetRequiredService<ExtractionService>());
        builder.Services.AddHostedService<LeaseKeeper>();
        builder.Services.AddHostedService<VectorIndexKeeper>();
        builder.Services.AddOptions<ProfileOptions>().BindConfiguration("Engram:Profiles").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddHostedService<ProfileKeeper>();
        builder.Services.AddOptions<EmbeddingOptions>().BindConfiguration("Engram:Embedding").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddHostedService<EmbeddingService>();
        builder.Services.AddHostedService<OperationKeeper>();

        var app = builder.Build();
        app.MapDefaultEndpoints();
        await app.RunAsync();
        return 0;
    }

    /// <summary>Somebody waits for the Api; nobody waits for the Worker. On a small machine they share the processors.</summary>
    private static void YieldToRequests()
    {
        try
        {
            using var self = Process.GetCurrentProcess();
            self.PriorityClass = ProcessPriorityClass.BelowNormal;
        }
        catch (Exception e) when (e is Win32Exception or PlatformNotSupportedException or InvalidOperationException)
        {
            // Not allowed here: it only costs the requests a little.
        }
    }
}
