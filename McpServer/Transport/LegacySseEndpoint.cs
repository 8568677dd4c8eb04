using System.Collections.Concurrent;
using Engram.Engine.Latency;
using Engram.McpServer.Auth;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Transport;

/// <summary>
/// HTTP+SSE of 2024-11-05 on <c>/sse</c> and <c>/message</c>, for clients that never learned Streamable HTTP. A client's stream lives in one process, and its
/// POSTs have to reach the same one, so it is off unless <c>Engram:Mcp:LegacySse</c> turns it on. The rules are those of the other endpoint.
/// </summary>
internal sealed class LegacySseEndpoint(
    RequestGuard guard,
    StepUp stepUp,
    McpServerFactory servers,
    IOptions<McpTransportOptions> options,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
{
    public const string StreamPath = "/sse";
    public const string MessagePath = "/message";

    private readonly ConcurrentDictionary<string, LegacySseSession> _sessions = new(StringComparer.Ordinal);
    private readonly McpTransportOptions _options = options.Value;

    public Task OpenAsync(HttpContext context) => guard.RunAsync(context, async call =>
    {
        if (ContentNegotiation.CheckGet(context.Request) is { } unacceptable)
        {
            return unacceptable;
        }

        await using var session = new LegacySseSession(
            call.Caller.KeyId, SessionTable.NewId(), $"{context.Request.PathBase}{MessagePath}", (answered, status) => guard.Record(answered, status, requestBytes: null));
        if (_sessions.Count >= _options.MaxSessions || _sessions.Values.Count(other => other.Owner == session.Owner) >= _options.MaxSessionsPerKey)
        {
            context.Response.Headers.RetryAfter = "60";
            return new RpcFault(StatusCodes.Status429TooManyRequests, RpcFault.ServerError, "Too many open streams. Close some, or try again in a minute.");
        }

        _sessions[session.SessionId] = session;
        try
        {
            await ServeAsync(context, call, session);
        }
        finally
        {
            _sessions.TryRemove(session.SessionId, out _);
        }

        return null;
    });

    public Task PostAsync(HttpContext context) => guard.RunAsync(context, async call =>
    {
        var http = context.Request;
        if (ContentNegotiation.CheckBody(http) is { } unsupported)
        {
            return unsupported;
        }

        string? id = http.Query["sessionId"];
        if (id is null || !_sessions.TryGetValue(id, out var session) || session.Owner != call.Caller.KeyId)
        {
            return new RpcFault(StatusCodes.Status404NotFound, RpcFault.SessionNotFound,
                $"Session not found: its stream has ended, or is another's. Open a new one with GET {StreamPath} and POST to where its first event says.");
        }

        JsonRpcMessage? message;
        using (call.Timer.Measure(Hop.Framing))
        {
            (message, var unreadable) = await MessageReader.ReadAsync(http, _options.MaxRequestBytes, context.RequestAborted);
            if (message is null)
            {
                return unreadable;
            }
        }

        call.Timer.Operation = OperationLabel.Of(message);
        var fault = McpHeaders.Check(http, McpHeaders.Read(http, McpHeaders.ProtocolVersion), message) ?? stepUp.Check(context, call, message)
            ?? await session.ReceiveAsync(message, call, context.RequestAborted);
        if (fault is not null)
        {
            return fault with { Id = message is JsonRpcRequest request ? request.Id : default };
        }

        SseResponse.Accepted(context);
        return null;
    });

    private async Task ServeAsync(HttpContext context, McpCall call, LegacySseSession session)
    {
        using var expired = new CancellationTokenSource(call.TokenLeft(time), time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping, expired.Token);
        session.Events.TryAttach(new BoundedBody(context, _options.WriteTimeout), call.Credential);
        SseResponse.Prepare(context);
        await using var server = servers.Create(session);
        var running = Task.WhenAll(session.RunAsync(ended.Token), server.RunAsync(ended.Token));
        try
        {
            using var timer = new PeriodicTimer(_options.StreamKeepAlive, time);
            while (await timer.WaitForNextTickAsync(ended.Token) && await guard.StillHoldsAsync(call, ended.Token))
            {
                await session.Events.KeepAliveAsync(ended.Token);
            }
        }
        catch (Exception ex) when (ended.IsCancellationRequested || ex is IOException)
        {
            // How a stream ends: the reader left, its token expired, or the process stops.
        }
        finally
        {
            await ended.CancelAsync();
            await session.Events.DetachAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
