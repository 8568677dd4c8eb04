using System.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Engram.ServiceDefaults.Starting;

/// <summary>How long the process took until it was ready: in the log, and in the body of <c>/health</c>.</summary>
internal sealed class StartUp(ILogger<StartUp> log) : IHostedLifecycleService
{
    /// <summary>What of it was spent on warming up.</summary>
    public TimeSpan WarmUp { get; set; }

    /// <summary>From the start of the process to bound sockets and started services; null until then.</summary>
    public TimeSpan? Ready { get; private set; }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        using var self = Process.GetCurrentProcess();
        var ready = DateTime.Now - self.StartTime;
        Ready = ready;
        Log.Ready(log, ready.TotalMilliseconds, WarmUp.TotalMilliseconds);
        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
