using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Engram.LocalHost.Running;

/// <summary>Turns the signals that ask for an end into a cancellation; a second Ctrl-C ends the process at once (the warden stops the children).</summary>
internal sealed class StopSignals : IDisposable
{
    private static readonly TimeSpan Impatience = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stop;
    private readonly Action _announce;
    private readonly List<PosixSignalRegistration> _registrations;
    private readonly Stopwatch _sinceFirst = new();
    private int _received;

    public StopSignals(Action announce, CancellationToken linked)
    {
        _stop = CancellationTokenSource.CreateLinkedTokenSource(linked);
        _announce = announce;
        _registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGQUIT }
            .Select(signal => PosixSignalRegistration.Create(signal, Receive))];
    }

    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _stop.Dispose();
    }

    private void Receive(PosixSignalContext context)
    {
        // One request for an end may arrive several times: from the process group, and handed on by `dotnet run`.
        if (Interlocked.Increment(ref _received) > 1)
        {
            context.Cancel = context.Signal != PosixSignal.SIGINT || _sinceFirst.Elapsed < Impatience;
            return;
        }

        _sinceFirst.Start();
        context.Cancel = true;
        _announce();
        _stop.Cancel();
    }
}
