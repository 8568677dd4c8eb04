using Engram.Engine.Database;
using Engram.Engine.Extraction;
using Npgsql;

namespace Engram.Worker.Extraction;

/// <summary>Listens for the hint that jobs wait. Losing it costs time, never a job: the queue is polled all the same.</summary>
internal sealed class JobListener(SystemDb db, ILogger<JobListener> log) : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _hint = new(0, 1);

    /// <summary>Returns at the next hint, or after a time.</summary>
    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => _hint.WaitAsync(atMost, cancellationToken);

    /// <summary>Ends a wait, as when a job is done and there is room for another.</summary>
    public void Hint()
    {
        try
        {
            _hint.Release();
        }
        catch (SemaphoreFullException)
        {
            // One waiting hint says all there is to say.
        }
    }

    public override void Dispose()
    {
        _hint.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await db.OpenAsync(stoppingToken);
                connection.Notification += (_, _) => Hint();
                await using (var listen = new NpgsqlCommand($"listen {WakeUp.Channel}", connection))
                    await listen.ExecuteNonQueryAsync(stoppingToken);
                Hint();
                while (true)
                    await connection.WaitAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                log.ListenerLost(e.GetType().Name);
                await Task.Delay(Retry, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
