using Microsoft.Extensions.Options;

namespace Engram.McpServer.Transport;

/// <summary>Runs the idle sweep of the session table.</summary>
internal sealed class SessionSweeper(
    SessionTable sessions, IOptions<McpTransportOptions> options, TimeProvider time, ILogger<SessionSweeper> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var period = TimeSpan.FromTicks(Math.Clamp(
            options.Value.SessionIdleTimeout.Ticks / 4, TimeSpan.FromSeconds(1).Ticks, TimeSpan.FromMinutes(1).Ticks));
        using var timer = new PeriodicTimer(period, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            var closed = await sessions.SweepAsync();
            if (closed > 0)
            {
                Log.SessionsSwept(logger, closed, sessions.Count);
            }
        }
    }
}
