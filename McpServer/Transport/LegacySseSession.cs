using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Engram.Engine.Latency;
using Engram.McpServer.Tools;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Transport;

/// <summary>
/// One open stream of a 2024-11-05 client: every answer goes out on it, whichever POST asked. It is the SDK's transport with an eye on the
/// answers, because only when one leaves is its operation over.
/// </summary>
internal sealed class LegacySseSession : ITransport
{
    /// <summary>Requests a client may have open at once: their POSTs have ended, so nothing else bounds them.</summary>
    public const int MaxOpenRequests = 64;

    private readonly ConcurrentDictionary<RequestId, McpCall> _open = new();
    private readonly SseResponseStreamTransport _transport;
    private readonly Action<McpCall, int> _finish;

    /// <param name="owner">The principal that opened the stream; to any other the session does not exist.</param>
    /// <param name="id">The session's id.</param>
    /// <param name="messagePath">Where the client is told to POST.</param>
    /// <param name="finish">Called with each request's call and the status it is recorded with, when it has been answered or never will be.</param>
    public LegacySseSession(Guid owner, string id, string messagePath, Action<McpCall, int> finish)
    {
        (Owner, _finish) = (owner, finish);
        _transport = new SseResponseStreamTransport(Events, $"{messagePath}?sessionId={id}", id);
        SessionId = id;
    }

    public Guid Owner { get; }

    public string SessionId { get; }

    public EventStreamRelay Events { get; } = new();

    public ChannelReader<JsonRpcMessage> MessageReader => _transport.MessageReader;

    /// <summary>Tells the client where to POST and carries messages until cancelled.</summary>
    public Task RunAsync(CancellationToken ct) => _transport.RunAsync(ct);

    /// <summary>Hands a message of the client's to the server; a fault where it cannot be taken.</summary>
    public async Task<RpcFault?> ReceiveAsync(JsonRpcMessage message, McpCall call, CancellationToken ct)
    {
        if (message is JsonRpcRequest request)
        {
            if (_open.Count >= MaxOpenRequests)
            {
                return new RpcFault(StatusCodes.Status429TooManyRequests, RpcFault.ServerError, $"This session has {MaxOpenRequests} requests open; wait for answers.")
                { Id = request.Id };
            }

            if (!_open.TryAdd(request.Id, call))
            {
                return RpcFault.InvalidRequest($"A request with id '{request.Id}' is still running in this session; ids must not repeat.") with { Id = request.Id };
            }

            call.AnsweredElsewhere = true;
        }

        message.Context = call.ToContext(protocolVersion: null);
        await _transport.OnMessageReceivedAsync(message, ct);
        if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } cancelled && InFlightRequests.IdOf(cancelled) is { } id)
        {
            // The SDK sends nothing for what was cancelled.
            Finish(id, OpOutcome.ClientError, "cancelled");
        }

        return null;
    }

    public async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        if (message is JsonRpcResponse response && _open.TryGetValue(response.Id, out var call) && call.Rendered is { } rendered)
        {
            message = WithData(response, rendered);
        }

        await _transport.SendMessageAsync(message, cancellationToken);
        if (message is JsonRpcResponse or JsonRpcError)
        {
            Finish(((JsonRpcMessageWithId)message).Id, outcome: null, error: null);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _transport.DisposeAsync();
        await Events.DisposeAsync();
        foreach (var (id, _) in _open)
        {
            Finish(id, OpOutcome.ClientError, "client_closed");
        }
    }

    /// <summary>The SDK queues what it writes here, so the data takes its place before that and not on the way out.</summary>
    private static JsonRpcResponse WithData(JsonRpcResponse response, RenderedResult rendered)
    {
        var marked = Encoding.UTF8.GetBytes(response.Result!.ToJsonString());
        var filled = new ArrayBufferWriter<byte>(marked.Length + rendered.Length);
        rendered.Fill(marked, filled);
        return new JsonRpcResponse { Id = response.Id, Result = JsonNode.Parse(filled.WrittenSpan) };
    }

    private void Finish(RequestId id, OpOutcome? outcome, string? error)
    {
        if (!_open.TryRemove(id, out var call))
        {
            return;
        }

        if (outcome is { } failed)
        {
            call.Timer.Fail(failed, error);
        }

        _finish(call, StatusCodes.Status200OK);
    }
}
