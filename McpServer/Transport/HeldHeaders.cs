namespace Engram.McpServer.Transport;

/// <summary>
/// Headers of a response that wait for its first event. The SDK sends them before it handles a request, which costs a quick call a packet more and its
/// client a wake-up. Where the event takes long they go alone: some clients bound the wait for the headers, and only that.
/// </summary>
internal sealed class HeldHeaders(Stream body, TimeProvider time)
{
    public static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private ITimer? _timer;
    private Task _sent = Task.CompletedTask;
    private bool _released;

    public void Hold() => _timer ??= time.CreateTimer(static headers => ((HeldHeaders)headers!).Send(), this, Longest, Timeout.InfiniteTimeSpan);

    /// <summary>Comes before whatever is written, and before the response ends: from here on only the caller writes.</summary>
    public Task ReleaseAsync()
    {
        if (_released || _timer is null)
        {
            return _sent;
        }

        lock (_gate)
        {
            _released = true;
        }

        _timer.Dispose();
        return _sent;
    }

    private void Send()
    {
        lock (_gate)
        {
            if (!_released)
            {
                _sent = body.FlushAsync();
            }
        }
    }
}
