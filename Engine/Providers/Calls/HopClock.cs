using System.Diagnostics;
using Engram.Engine.Latency;

namespace Engram.Engine.Providers;

/// <summary>
/// Measures one hop of a call, from its making until it is disposed. Of a streamed reply only the waiting for the provider counts: what
/// the reader of the stream does between two pieces is stopped out.
/// </summary>
internal sealed class HopClock(CallTarget target, Hop hop) : IDisposable
{
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _pausedAt;
    private long _paused;

    public void Pause() => _pausedAt = Stopwatch.GetTimestamp();

    public void Resume()
    {
        _paused += Stopwatch.GetTimestamp() - _pausedAt;
        _pausedAt = 0;
    }

    public void Dispose()
    {
        if (_pausedAt != 0)
        {
            Resume();
        }

        target.Context.Timer?.Add(hop, _started, Stopwatch.GetTimestamp() - _paused, target.Role);
    }
}
