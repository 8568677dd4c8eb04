using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.Engine.Database;

/// <summary>What a cache of this process wants to hear of changes made in others.</summary>
/// <param name="Name">Name of the PostgreSQL channel.</param>
/// <param name="Changed">Called with the notification's payload.</param>
/// <param name="Missed">Called when notifications may have passed unheard: everything cached may be stale.</param>
internal sealed record ChangeChannel(string Name, Action<string> Changed, Action Missed);

/// <summary>
/// Hears on one connection what other processes changed. A hint: should it get lost, the caches' own time bounds how long what is stale is
/// used. Whenever the connection had to be made anew, the caches forget everything.
/// </summary>
internal sealed class ChangeListener(SystemDb db, IEnumerable<ChangeChannel> channels, TimeProvider time, ILogger<ChangeListener> log) : BackgroundService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly ChangeChannel[] _channels = [.. channels];

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
                    foreach (var channel in _channels)
                    {
                        await using var listen = new NpgsqlCommand($"listen {channel.Name}", connection);
                        await listen.ExecuteNonQueryAsync(stoppingToken);
                        channel.Missed();
                    }

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
                log.ChangeListenerFailed(e);
                await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    private void OnNotification(object sender, NpgsqlNotificationEventArgs notification)
    {
        foreach (var channel in _channels)
        {
            if (channel.Name == notification.Channel)
                channel.Changed(notification.Payload);
        }
    }
}
