using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace Engram.McpServer.Transport;

/// <summary>
/// The open sessions of this process: found only by their owner, closed when idle, bounded per key and in total. Nothing of a
/// session survives the process; a client of another replica or of a former process gets the 404 that tells it to initialize again.
/// </summary>
internal sealed class SessionTable(IOptions<McpTransportOptions> options, ILogger<SessionTable> logger) : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, McpSession> _sessions = new(StringComparer.Ordinal);
    private readonly McpTransportOptions _options = options.Value;

    public int Count => _sessions.Count;

    public static string NewId() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(18));

    /// <summary>Null for an unknown id and for a session of another key alike.</summary>
    public McpSession? Find(string id, Guid caller) =>
        _sessions.TryGetValue(id, out var session) && session.Owner == caller && !session.Closed.IsCancellationRequested ? session : null;

    /// <summary>Adds a session, closing the owner's idlest one where the owner is at its bound; a fault where nothing idle is left.</summary>
    public async Task<RpcFault?> AddAsync(McpSession session)
    {
        var owned = _sessions.Values.Where(other => other.Owner == session.Owner).ToList();
        if (owned.Count >= _options.MaxSessionsPerKey || _sessions.Count >= _options.MaxSessions)
        {
            if (owned.Where(other => other.Idle > TimeSpan.Zero).MaxBy(other => other.Idle) is not { } idlest)
            {
                return new RpcFault(StatusCodes.Status429TooManyRequests, RpcFault.ServerError,
                    "Too many open sessions. Close some with DELETE, or try again in a minute.");
            }

            await RemoveAsync(idlest);
            Log.SessionEvicted(logger, idlest.Idle.TotalSeconds);
        }

        _sessions[session.Id] = session;
        return null;
    }

    public async Task RemoveAsync(McpSession session)
    {
        _sessions.TryRemove(session.Id, out _);
        await session.DisposeAsync();
    }

    /// <summary>Closes every session that has been idle past the bound; returns how many.</summary>
    public async Task<int> SweepAsync()
    {
        var closed = 0;
        foreach (var (_, session) in _sessions)
        {
            if (session.Idle >= _options.SessionIdleTimeout)
            {
                await RemoveAsync(session);
                closed++;
            }
        }

        return closed;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (_, session) in _sessions)
        {
            await RemoveAsync(session);
        }
    }
}
