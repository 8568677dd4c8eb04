using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Embeddings;

/// <summary>Registers the local sentence encoder.</summary>
public static class EmbeddingServices
{
    /// <summary>
    /// Adds <see cref="OnnxEmbedder"/> (also as the <c>IEmbeddingGenerator</c>) and <see cref="TextChunker"/> as singletons,
    /// configured by section <c>Engram:Embeddings</c>, and warms the model before the host's servers start to listen.
    /// Calling it twice adds it once.
    /// </summary>
    public static IServiceCollection AddEngramEmbeddings(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<EmbeddingOptions>().BindConfiguration("Engram:Embeddings").ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(provider => new OnnxEmbedder(provider.GetRequiredService<IOptions<EmbeddingOptions>>().Value));
        services.TryAddSingleton<IEmbeddingGenerator<string, Embedding<float>>>(provider => provider.GetRequiredService<OnnxEmbedder>());
        services.TryAddSingleton(provider => provider.GetRequiredService<OnnxEmbedder>().Chunker);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, EmbedderWarmUp>());
        return services;
    }
}
