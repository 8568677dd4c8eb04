using Engram.Engine.Database;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.Engine.Extraction;

/// <summary>
/// Tells the Workers that jobs are waiting. Only a hint: NOTIFY takes an instance-wide lock at commit, so it is sent after the store's commit,
/// on a connection of its own, at most once per <see cref="Quiet"/>; a Worker that misses it polls.
/// </summary>
/// <param name="db">The door the notification goes through.</param>
/// <param name="log">Tells of a hint that could not be sent.</param>
public sealed class WakeUp(SystemDb db, ILogger<WakeUp> log)
{
    /// <summary>Channel of the notification.</summary>
    public const string Channel = "engram_jobs";

    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(20);

    private int _pending;

    /// <summary>Says that a job was committed. Returns at once.</summary>
    public void Signal()
    {
        if (Interlocked.Exchange(ref _pending, 1) == 0)
            _ = SendAsync();
    }

    private async Task SendAsync()
    {
        try
        {
            await Task.Delay(Quiet).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            // Cleared before sending: a job committed from here on asks for another hint.
            Volatile.Write(ref _pending, 0);
            await using var command = db.Command($"notify {Channel}");
            await command.ExecuteNonQueryAsync();
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or ObjectDisposedException or InvalidOperationException)
        {
            log.WakeUpNotSent(e.GetType().Name);
        }
    }
}
