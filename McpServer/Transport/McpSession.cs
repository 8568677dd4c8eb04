using ModelContextProtocol.Server;

namespace Engram.McpServer.Transport;

/// <summary>One client that initialized: the SDK's server and transport, who owns it, and what is open on it.</summary>
internal sealed class McpSession : IAsyncDisposable
{
    private readonly CancellationTokenSource _closed = new();
    private readonly TimeProvider _time;
    private Task _run = Task.CompletedTask;
    private Task _relayed = Task.CompletedTask;
    private long _lastUsed;
    private int _users;
    private int _disposed;

    public McpSession(string id, Guid owner, StreamableHttpServerTransport transport, ModelContextProtocol.Server.McpServer server, TimeProvider time)
    {
        (Id, Owner, Transport, Server, _time) = (id, owner, transport, server, time);
        _lastUsed = time.GetTimestamp();
        Closed = _closed.Token;
    }

    public string Id { get; }

    /// <summary>The API key that initialized; any other key is told that the session does not exist.</summary>
    public Guid Owner { get; }

    public StreamableHttpServerTransport Transport { get; }

    public ModelContextProtocol.Server.McpServer Server { get; }

    public InFlightRequests InFlight { get; } = new();

    public EventStreamRelay Events { get; } = new();

    /// <summary>Fires when the session is deleted, evicted, or the process stops.</summary>
    public CancellationToken Closed { get; }

    /// <summary>Time since the last request ended; zero while one is running or a stream is open.</summary>
    public TimeSpan Idle => Volatile.Read(ref _users) > 0 ? TimeSpan.Zero : _time.GetElapsedTime(Volatile.Read(ref _lastUsed));

    public void Start()
    {
        // The loops outlive the request that opened the session and must not hold on to its execution context (activity, HttpContext).
        using (ExecutionContext.SuppressFlow())
        {
            _run = Server.RunAsync(Closed);
            _relayed = Transport.HandleGetRequestAsync(Events, Closed);
        }
    }

    public Use BeginUse()
    {
        Interlocked.Increment(ref _users);
        return new Use(this);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _closed.CancelAsync();
        await Transport.DisposeAsync();
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _relayed.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Server.DisposeAsync();
        await Events.DisposeAsync();
        _closed.Dispose();
    }

    /// <summary>Keeps the session from looking idle until disposed.</summary>
    internal readonly struct Use(McpSession session) : IDisposable
    {
        public void Dispose()
        {
            Volatile.Write(ref session._lastUsed, session._time.GetTimestamp());
            Interlocked.Decrement(ref session._users);
        }
    }
}
