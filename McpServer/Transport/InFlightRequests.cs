using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Transport;

/// <summary>
/// The requests of one session whose POST is open. After <c>notifications/cancelled</c> the SDK cancels the handler and, as the
/// specification wants, sends no response; without this map the POST would then stay open for ever.
/// </summary>
internal sealed class InFlightRequests
{
    private readonly ConcurrentDictionary<RequestId, CancellationTokenSource> _open = new();

    public bool IsEmpty => _open.IsEmpty;

    /// <summary>False when a request with this id is already open in the session.</summary>
    public bool TryOpen(RequestId id, CancellationTokenSource post) => _open.TryAdd(id, post);

    public void Close(RequestId id) => _open.TryRemove(id, out _);

    /// <summary>Ends the POST of the request that a cancellation names; unknown and finished requests are ignored.</summary>
    public async Task CancelAsync(JsonRpcNotification cancelled)
    {
        if (IdOf(cancelled) is { } id && _open.TryGetValue(id, out var post))
        {
            try
            {
                await post.CancelAsync();
            }
            catch (ObjectDisposedException)
            {
                // The response won the race.
            }
        }
    }

    /// <summary>The request that a cancellation names; null where it names none.</summary>
    public static RequestId? IdOf(JsonRpcNotification cancelled) =>
        cancelled.Params is JsonObject parameters && parameters["requestId"] is JsonValue value ? ReadId(value) : null;

    private static RequestId? ReadId(JsonValue value) =>
        value.TryGetValue(out string? text) && text is not null ? new RequestId(text)
        : value.TryGetValue(out long number) ? new RequestId(number)
        : null;
}
