using Engram.Engine.Database;
using Engram.Engine.Latency;
using Engram.Engine.Usage;
using Npgsql;

namespace Engram.Worker;

/// <summary>
/// Rolls up closed hours, keeps a partition ready for the records of the days to come, and drops those whose time is over: in this order, since
/// records go only when they are in a roll-up.
/// </summary>
internal sealed class OperationKeeper(SystemDb db, OperationRollups rollups, OperationPartitions partitions, TimeProvider time, ILogger<OperationKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

    /// <summary>How long a repeated request is known to have been counted.</summary>
    private static readonly TimeSpan KeepCounted = TimeSpan.FromDays(3);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            do
            {
                try
                {
                    await rollups.MaintainAsync(stoppingToken);
                }
                catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
                {
                    log.HoursNotRolledUp(e.GetType().Name, (e as PostgresException)?.SqlState);
                }

                try
                {
                    await partitions.MaintainAsync(stoppingToken);
                    await UsageMeter.PruneAsync(db, time.GetUtcNow() - KeepCounted, stoppingToken);
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
