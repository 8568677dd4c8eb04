namespace Engram.LocalHost.Running;

/// <summary>When a crashed service is started again: after a growing pause, and not for ever.</summary>
internal sealed class RestartPolicy
{
    /// <summary>So many crashes within <see cref="Window"/> are no accident any more.</summary>
    public const int MostCrashes = 5;

    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    private readonly Queue<TimeSpan> _crashes = new();

    /// <summary>Records a crash at a time of any monotonic clock.</summary>
    /// <returns>The pause before the next start, or null to give up.</returns>
    public TimeSpan? Crashed(TimeSpan now)
    {
        _crashes.Enqueue(now);
        while (now - _crashes.Peek() > Window)
        {
            _crashes.Dequeue();
        }

        if (_crashes.Count >= MostCrashes)
        {
            return null;
        }

        var pause = FirstPause * Math.Pow(2, _crashes.Count - 1);
        return pause < LongestPause ? pause : LongestPause;
    }
}
