using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Engram.Engine.Embeddings;

/// <summary>
/// Loads and warms the model in the host's "starting" phase, which is over before any hosted service (Kestrel is one) starts:
/// no request meets a cold model, and a host whose model is missing does not start.
/// </summary>
internal sealed class EmbedderWarmUp(IServiceProvider services, TimeProvider clock, ILogger<EmbedderWarmUp> logger) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        var begin = clock.GetTimestamp();
        // Resolved here, not injected: loading belongs to this phase, not to the building of the container.
        var embedder = services.GetRequiredService<OnnxEmbedder>();
        embedder.Warm();
        logger.EmbedderReady(embedder.ModelId, embedder.Dimensions, clock.GetElapsedTime(begin).TotalMilliseconds);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
