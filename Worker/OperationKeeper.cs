using Engram.Engine.Latency;
using Npgsql;

namespace Engram.Worker;

/// <summary>Keeps a partition ready for the records of the days to come, and drops those whose time is over.</summary>
internal sealed class OperationKeeper(OperationPartitions partitions, TimeProvider time, ILogger<OperationKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            do
            {
                try
                {
                    await partitions.MaintainAsync(stoppingToken);
                }
                catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
                {
                    log.PartitionsNotMaintained(e.GetType().Name, (e as PostgresException)?.SqlState);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}
