namespace Engram.Api.Tests;

/// <summary>A time of day that goes on by a step with every look at it, however fast or slow the machine is; without one it stands. Timers run as ever.</summary>
internal sealed class SteppedClock(TimeSpan step = default) : TimeProvider
{
    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;
    private long _looks;

    public override DateTimeOffset GetUtcNow() => _start + (step * Interlocked.Increment(ref _looks));
}
