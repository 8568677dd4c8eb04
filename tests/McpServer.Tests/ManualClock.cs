using System.Collections.Concurrent;

namespace Engram.McpServer.Tests;

/// <summary>A clock that a test moves. What waits once is woken when its time comes; what recurs is not: a test calls what that would have called.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly DateTimeOffset _start = DateTimeOffset.UtcNow;
    private readonly ConcurrentDictionary<OneShot, bool> _waiting = new();
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => _start + TimeSpan.FromTicks(Volatile.Read(ref _ticks));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new OneShot(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        var now = Interlocked.Add(ref _ticks, by.Ticks);
        foreach (var timer in _waiting.Keys.Where(timer => timer.Due <= now).OrderBy(timer => timer.Due))
        {
            if (_waiting.TryRemove(timer, out _))
            {
                timer.Fire();
            }
        }
    }

    private sealed class OneShot(ManualClock clock, Action fire) : ITimer
    {
        public long Due { get; private set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Dispose();
            if (dueTime != Timeout.InfiniteTimeSpan && period == Timeout.InfiniteTimeSpan)
            {
                Due = clock.GetTimestamp() + dueTime.Ticks;
                clock._waiting[this] = true;
            }

            return true;
        }

        public void Dispose() => clock._waiting.TryRemove(this, out _);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
