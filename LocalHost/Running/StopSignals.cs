using System.Runtime.InteropServices;

namespace Engram.LocalHost.Running;

/// <summary>Turns the signals that ask for an end into a cancellation; a second one ends the process at once (the warden stops the children).</summary>
internal sealed class StopSignals : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly Action _announce;
    private readonly List<PosixSignalRegistration> _registrations;
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
        if (Interlocked.Increment(ref _received) > 1)
        {
            return;
        }

        context.Cancel = true;
        _announce();
        _stop.Cancel();
    }
}
