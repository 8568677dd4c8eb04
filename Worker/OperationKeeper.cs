using Engram.Engine.Latency;
using Npgsql;

namespace Engram.Worker;

/// <summary>
/// Rolls up closed hours, keeps a partition ready for the records of the days to come, and drops those whose time is over: in this order, since
/// records go only when they are in a roll-up.
/// </summary>
internal sealed class OperationKeeper(OperationRollups rollups, OperationPartitions partitions, TimeProvider time, ILogger<OperationKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(5);

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
