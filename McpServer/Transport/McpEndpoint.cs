using System.Diagnostics;
using System.Text.Json;
using Engram.Engine.Latency;
using Engram.McpServer.Auth;
using Engram.McpServer.Tools;
using Microsoft.Extensions.Options;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Transport;

/// <summary>
/// Streamable HTTP on one path for both kinds of client: those that initialize get a session, everything else is served on its own.
/// This class is the order of the rules; each rule is a file of its own.
/// </summary>
internal sealed class McpEndpoint(
    RequestGuard guard,
    StepUp stepUp,
    SessionTable sessions,
    McpServerFactory servers,
    IOptions<McpTransportOptions> options,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
{
    private readonly McpTransportOptions _options = options.Value;

    public Task PostAsync(HttpContext context) => guard.RunAsync(context, async call =>
    {
        var http = context.Request;
        if (ContentNegotiation.CheckPost(http) is { } unacceptable)
        {
            return unacceptable;
        }

        JsonRpcMessage? message;
        var version = McpHeaders.Read(http, McpHeaders.ProtocolVersion);
        using (call.Timer.Measure(Hop.Framing))
        {
            (message, var unreadable) = await MessageReader.ReadAsync(http, _options.MaxRequestBytes, context.RequestAborted);
            if (message is null)
            {
                return unreadable;
            }

            // A tool call is recorded under the tool's name, everything else that asks for something under its method.
            var id = message is JsonRpcRequest request ? request.Id : default;
            call.Timer.Operation = OperationLabel.Of(message);
            if (McpHeaders.Check(http, version, message) is { } mismatch)
            {
                return mismatch with { Id = id };
            }
        }

        if (stepUp.Check(context, call, message) is { } tooLittle)
        {
            return tooLittle;
        }

        return await RouteAsync(context, call, message, version);
    });

    public Task GetAsync(HttpContext context) => guard.RunAsync(context, async call =>
    {
        var (session, fault) = FindForStream(context, call);
        fault ??= ContentNegotiation.CheckGet(context.Request);
        if (fault is not null)
        {
            return fault;
        }

        // A stream ends with the token that opened it; the client opens the next with a fresh one.
        using var expired = new CancellationTokenSource(call.TokenLeft(time), time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, session!.Closed, lifetime.ApplicationStopping, expired.Token);
        if (!session.Events.TryAttach(new BoundedBody(context, _options.WriteTimeout), call.Credential))
        {
            return new RpcFault(StatusCodes.Status409Conflict, RpcFault.ServerError, "This session has an open GET stream; it can have one.");
        }

        using var use = session.BeginUse();
        try
        {
            context.Response.Headers[McpHeaders.SessionId] = session.Id;
            SseResponse.Prepare(context);
            await context.Response.Body.FlushAsync(ended.Token);
            using var timer = new PeriodicTimer(_options.StreamKeepAlive, time);
            while (await timer.WaitForNextTickAsync(ended.Token) && await guard.StillHoldsAsync(call, ended.Token))
            {
                await session.Events.KeepAliveAsync(ended.Token);
            }
        }
        catch (Exception ex) when (ended.IsCancellationRequested || ex is IOException)
        {
            // How a stream ends: the reader left, the session was closed, or the process stops.
        }
        finally
        {
            await session.Events.DetachAsync();
        }

        return null;
    });

    public Task DeleteAsync(HttpContext context) => guard.RunAsync(context, async call =>
    {
        var (session, fault) = FindForStream(context, call);
        if (fault is not null)
        {
            return fault;
        }

        await sessions.RemoveAsync(session!);
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return null;
    });

    private async Task<RpcFault?> RouteAsync(HttpContext context, McpCall call, JsonRpcMessage message, string? version)
    {
        if (ProtocolVersions.IsPerRequest(version))
        {
            return await ServeOnceAsync(context, call, message, version);
        }

        var started = Stopwatch.GetTimestamp();
        var sessionId = McpHeaders.Read(context.Request, McpHeaders.SessionId);
        if (message is JsonRpcRequest { Method: RequestMethods.Initialize } initialize)
        {
            return sessionId is null
                ? await InitializeAsync(context, call, initialize)
                : RpcFault.InvalidRequest("initialize opens a new session: send it without Mcp-Session-Id.") with { Id = initialize.Id };
        }

        if (sessionId is null)
        {
            return await ServeOnceAsync(context, call, message, version);
        }

        var id = message is JsonRpcRequest request ? request.Id : default;
        var session = sessions.Find(sessionId, call.Caller.KeyId);
        call.Timer.Add(Hop.SessionLookup, started, Stopwatch.GetTimestamp());
        if (session is null)
        {
            return RpcFault.NoSession() with { Id = id };
        }

        // The session's negotiated version holds, whichever handshake version the header repeats: some clients send a fixed one there.
        return await ServeInSessionAsync(context, call, session, message);
    }

    private async Task<RpcFault?> InitializeAsync(HttpContext context, McpCall call, JsonRpcRequest initialize)
    {
        var session = servers.CreateSession(call.Caller.KeyId);
        if (await sessions.AddAsync(session) is { } full)
        {
            await session.DisposeAsync();
            context.Response.Headers.RetryAfter = "60";
            return full with { Id = initialize.Id };
        }

        session.Start();
        RpcFault? fault;
        try
        {
            fault = await ServeInSessionAsync(context, call, session, initialize);
        }
        catch (JsonException)
        {
            // The SDK's transport reads these parameters itself, before any handler that would turn this into an answer.
            fault = RpcFault.InvalidParams("initialize needs protocolVersion (a string), capabilities (an object) and clientInfo (name, version).")
                with
            { Id = initialize.Id };
        }

        if (session.Server.NegotiatedProtocolVersion is null)
        {
            // Refused (a bad version, bad parameters): there is nothing a client could do with the session.
            await sessions.RemoveAsync(session);
        }

        return fault;
    }

    private async Task<RpcFault?> ServeInSessionAsync(HttpContext context, McpCall call, McpSession session, JsonRpcMessage message)
    {
        using var use = session.BeginUse();
        using var post = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, session.Closed);
        message.Context = call.ToContext(protocolVersion: null);
        context.Response.Headers[McpHeaders.SessionId] = session.Id;
        if (message is not JsonRpcRequest request)
        {
            await session.Transport.HandlePostRequestAsync(message, Stream.Null, post.Token);
            if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } cancelled)
            {
                await session.InFlight.CancelAsync(cancelled);
            }

            SseResponse.Accepted(context);
            return null;
        }

        if (!session.InFlight.TryOpen(request.Id, post))
        {
            return RpcFault.InvalidRequest($"A request with id '{request.Id}' is still running in this session; ids must not repeat.") with
            { Id = request.Id };
        }

        try
        {
            SseResponse.Prepare(context);
            var body = new BoundedBody(context, _options.WriteTimeout);
            await using var result = new ResultBody(body, call, time);
            await session.Transport.HandlePostRequestAsync(request, result, post.Token);
            await result.CompleteAsync(post.Token);
            OperationLabel.EndFraming(call.Timer, body);
        }
        catch (OperationCanceledException) when (post.IsCancellationRequested)
        {
            // Cancelled by the client, or the session is gone: the stream ends without a response.
        }
        finally
        {
            session.InFlight.Close(request.Id);
        }

        return null;
    }

    private async Task<RpcFault?> ServeOnceAsync(HttpContext context, McpCall call, JsonRpcMessage message, string? version)
    {
        if (message is not JsonRpcRequest request)
        {
            if (message is not JsonRpcNotification)
            {
                return RpcFault.InvalidRequest("A response belongs to a session: send the Mcp-Session-Id that the request came with.");
            }

            // Nothing outlives a stateless request, so there is nothing a notification could be about.
            SseResponse.Accepted(context);
            return null;
        }

        request.Context = call.ToContext(version);
        SseResponse.Prepare(context);
        Func<JsonRpcMessage?, ValueTask>? onResponseStarting = ProtocolVersions.IsPerRequest(version)
            ? first => SetStatus(context.Response, first)
            : null;
        var body = new BoundedBody(context, _options.WriteTimeout);
        await using var result = new ResultBody(body, call, time);
        await servers.ServeOnceAsync(request, result, onResponseStarting, context.RequestAborted);
        await result.CompleteAsync(context.RequestAborted);
        OperationLabel.EndFraming(call.Timer, body);
        return null;
    }

    /// <summary>From 2026-07-28 on some JSON-RPC errors have an HTTP status of their own.</summary>
    private static ValueTask SetStatus(HttpResponse response, JsonRpcMessage? first)
    {
        if (first is JsonRpcError { Error: { } error } && !response.HasStarted)
        {
            response.StatusCode = (McpErrorCode)error.Code switch
            {
                McpErrorCode.MethodNotFound => StatusCodes.Status404NotFound,
                McpErrorCode.MissingRequiredClientCapability or McpErrorCode.UnsupportedProtocolVersion or McpErrorCode.HeaderMismatch
                    or McpErrorCode.InvalidRequest => StatusCodes.Status400BadRequest,
                _ => response.StatusCode,
            };
        }

        return default;
    }

    /// <summary>The session a GET or DELETE is about.</summary>
    private (McpSession? Session, RpcFault? Fault) FindForStream(HttpContext context, McpCall call)
    {
        var version = McpHeaders.Read(context.Request, McpHeaders.ProtocolVersion);
        if (McpHeaders.CheckVersion(version) is { } unsupported)
        {
            return (null, unsupported);
        }

        var id = McpHeaders.Read(context.Request, McpHeaders.SessionId);
        if (id is null || ProtocolVersions.IsPerRequest(version))
        {
            // Without a session there is neither a stream to open nor anything to delete.
            context.Response.Headers.Allow = HttpMethods.Post;
            return (null, new RpcFault(StatusCodes.Status405MethodNotAllowed, RpcFault.ServerError,
                $"{context.Request.Method} needs the Mcp-Session-Id of an initialized session; stateless clients only POST."));
        }

        return sessions.Find(id, call.Caller.KeyId) is { } session ? (session, null) : (null, RpcFault.NoSession());
    }
}
