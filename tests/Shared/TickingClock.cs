namespace Engram.Tests.Shared;

/// <summary>A time of day that goes on by a step with every look at it, however fast or slow the machine is; without one it stands. Timers run as ever.</summary>
/// <param name="step">Zero or more.</param>
public sealed class TickingClock(TimeSpan step = default) : TimeProvider
{
    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;
    private long _looks;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _start + (step * Interlocked.Increment(ref _looks));
}
