using Engram.Engine.Embeddings;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Worker.Embedding;

/// <summary>Makes the vectors that tenants' own models owe, and turns buckets to them that have all.</summary>
internal sealed class EmbeddingService(
    BucketVectors buckets, EmbeddingRuns runs, IOptions<EmbeddingOptions> options, TimeProvider time, ILogger<EmbeddingService> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(options.Value.PollSeconds), time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await CatchUpAsync(stoppingToken);
                }
                catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
                {
                    log.QueueUnreachable(e.GetType().Name);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped; what was under way is made again when its lease has run out.
        }
    }

    private async Task CatchUpAsync(CancellationToken cancellationToken)
    {
        await buckets.MaintainAsync(cancellationToken: cancellationToken);
        var any = false;
        while (await runs.TakeAsync(options.Value.Tenants, cancellationToken) is { Count: > 0 } taken)
        {
            any = true;
            var made = await Task.WhenAll(taken.Select(run => MakeAsync(run, cancellationToken)));
            // Nothing but what was edited or given up meanwhile: no reason to hurry round.
            if (made.Sum() == 0)
                break;
        }

        if (any)
            await buckets.MaintainAsync(cancellationToken: cancellationToken);
    }

    /// <summary>One tenant's mishap must not end the work for the others; its lease keeps it away for a minute.</summary>
    private async Task<int> MakeAsync(EmbeddingRun run, CancellationToken cancellationToken)
    {
        try
        {
            return await runs.MakeAsync(run, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.EmbeddingFailed(e, run.Lease);
            return 0;
        }
    }
}
