using Engram.Engine.Recall;
using Npgsql;

namespace Engram.Worker;

/// <summary>Looks now and then whether a bucket has outgrown exact scans.</summary>
internal sealed class VectorIndexKeeper(VectorIndexes indexes, TimeProvider time, ILogger<VectorIndexKeeper> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(15);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await indexes.MaintainAsync(cancellationToken: stoppingToken);
                }
                catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
                {
                    log.VectorIndexFailed(e.GetType().Name, (e as PostgresException)?.SqlState);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }
}
