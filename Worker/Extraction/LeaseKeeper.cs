using Engram.Engine.Extraction;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Worker.Extraction;

/// <summary>Renews the leases of running jobs, takes back those of Workers that died, and prunes finished jobs.</summary>
internal sealed class LeaseKeeper(
    JobQueue queue, RecalledTexts recalled, ExtractionService extraction, JobListener listener, IOptions<ExtractionOptions> options, TimeProvider time, ILogger<LeaseKeeper> log)
    : BackgroundService
{
    private static readonly TimeSpan PruneEvery = TimeSpan.FromMinutes(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pruned = DateTimeOffset.MinValue;
        using var timer = new PeriodicTimer(JobQueue.Lease / 5, time);
        do
        {
            try
            {
                foreach (var lost in await queue.RenewAsync(extraction.Held, stoppingToken))
                    extraction.Abandon(lost);
                if (await queue.RequeueExpiredAsync(stoppingToken) > 0)
                    listener.Hint();
                if (time.GetUtcNow() - pruned > PruneEvery)
                {
                    await queue.PruneAsync(time.GetUtcNow() - TimeSpan.FromDays(options.Value.KeepDays), stoppingToken);
                    await recalled.PruneAsync(stoppingToken);
                    pruned = time.GetUtcNow();
                }
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                log.QueueUnreachable(e.GetType().Name);
            }
        }
        while (await WaitAsync(timer, stoppingToken));
    }

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken stopping)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stopping);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
