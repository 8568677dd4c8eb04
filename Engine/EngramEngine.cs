using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Embeddings;
using Engram.Engine.Extraction;
using Engram.Engine.Graph;
using Engram.Engine.Lanes;
using Engram.Engine.Memories;
using Engram.Engine.Providers;
using Engram.Engine.Recall;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Engram.Engine;

/// <summary>Registers the product's parts. The host brings the two keyed data sources (<c>engram-app</c>, <c>engram-system</c>).</summary>
public static class EngramEngine
{
    /// <summary>Registers every part that the HTTP API and the MCP server share.</summary>
    /// <param name="services">The host's services.</param>
    public static IServiceCollection AddEngramEngine(this IServiceCollection services)
    {
        services.AddOptions<RecallOptions>().BindConfiguration("Engram:Recall").ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<SynthesisOptions>().BindConfiguration("Engram:Synthesis").ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<OwnModelOptions>().BindConfiguration("Engram:OwnModel").ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<LaneOptions>().BindConfiguration("Engram:Lanes").ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddEngramExtraction()
            .AddEngramEmbeddings()
            .AddSingleton<OwnEmbeddings>()
            .AddSingleton<WorkLanes>()
            .AddSingleton<BucketStore>()
            .AddSingleton<MemoryEncoder>()
            .AddSingleton<MemoryStore>()
            .AddSingleton<MemoryReader>()
            .AddSingleton<ResourceChanges>()
            .AddSingleton<MemoryEditor>()
            .AddSingleton<MemoryRemoval>()
            .AddSingleton<MatchingRemoval>()
            .AddSingleton<MemoryTraceReader>()
            .AddSingleton<GraphReader>()
            .AddSingleton<Recall.Recall>()
            .AddHostedService(s => s.GetRequiredService<RecalledTexts>())
            .AddSingleton<ExtractiveAnswer>()
            .AddSingleton<Synthesis>();
    }

    /// <summary>Registers the database and the extraction queue: all the Worker needs.</summary>
    /// <param name="services">The host's services.</param>
    public static IServiceCollection AddEngramExtraction(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        return services
            .AddSingleton<TenantDb>()
            .AddSingleton<SystemDb>()
            .AddSingleton<WakeUp>()
            .AddSingleton<JobQueue>()
            .AddSingleton<TripleStore>()
            .AddSingleton<ExtractionJobs>()
            .AddSingleton<RecalledTexts>()
            .AddSingleton<Profiles>()
            .AddSingleton<ProfileRuns>()
            .AddProviderStore()
            .AddProviderCalls()
            .AddSingleton<VectorMaker>()
            .AddSingleton<EmbeddingRuns>()
            .AddSingleton<EmbeddingProgress>()
            .AddSingleton<BucketVectors>()
            .AddSingleton<VectorIndexes>();
    }
}
