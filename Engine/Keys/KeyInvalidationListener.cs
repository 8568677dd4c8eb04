using Engram.Engine.Database;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.Engine.Keys;

/// <summary>
/// Hears which keys other processes revoked, and forgets them here. A hint: should it get lost, the cache's time bounds how long the key
/// still works. Whenever the connection had to be made anew, everything is forgotten, because revocations may have passed unheard.
/// </summary>
internal sealed class KeyInvalidationListener(SystemDb db, KeyCache cache, TimeProvider time, ILogger<KeyInvalidationListener> log) : BackgroundService
{
    /// <summary>Channel of the notifications; the payload is the key's id.</summary>
    public const string Channel = "engram_keys";

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = FirstPause;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await db.OpenAsync(stoppingToken);
                connection.Notification += OnNotification;
                try
                {
                    await using (var listen = new NpgsqlCommand($"listen {Channel}", connection))
                        await listen.ExecuteNonQueryAsync(stoppingToken);
                    cache.Clear();
                    pause = FirstPause;
                    while (true)
                        await connection.WaitAsync(stoppingToken);
                }
                finally
                {
                    connection.Notification -= OnNotification;
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or InvalidOperationException)
            {
                log.KeyListenerFailed(e);
                await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    private void OnNotification(object sender, NpgsqlNotificationEventArgs notification)
    {
        if (Guid.TryParse(notification.Payload, out var keyId))
            cache.Invalidate(keyId);
        else
            cache.Clear();
    }
}
