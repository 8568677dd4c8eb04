using System.Globalization;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Engram.McpServer.Auth;
using ModelContextProtocol;
using Npgsql;

namespace Engram.McpServer.Transport;

/// <summary>
/// What every request to a protocol endpoint goes through first and last: Host and Origin, who calls, the caller's limits, one place that
/// writes refusals and one that records the operation.
/// </summary>
internal sealed class RequestGuard(
    HostAndOrigin hostAndOrigin,
    CallerAuthentication authentication,
    CallerLimits limits,
    OperationLog operations,
    TimeProvider time,
    ILogger<RequestGuard> logger)
{
    public async Task RunAsync(HttpContext context, Func<McpCall, Task<RpcFault?>> handle)
    {
        var timer = new OpTimer(Guid.CreateVersion7()) { Class = OpClass.Mcp };
        context.Response.Headers["X-Request-Id"] = timer.RequestId.ToString();
        RpcFault? fault = null;
        McpCall? call = null;
        try
        {
            fault = hostAndOrigin.Check(context);
            if (fault is null)
            {
                (var credential, fault) = await authentication.AuthenticateAsync(context, timer);
                if (credential is not null)
                {
                    call = new McpCall(credential, timer);
                    fault = await AdmitAsync(context, call, handle);
                }
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            timer.Fail(OpOutcome.ClientError, "client_closed");
        }
        catch (BadHttpRequestException ex)
        {
            fault = new RpcFault(ex.StatusCode, RpcFault.ServerError, ex.Message);
        }
        catch (NpgsqlException ex) when (ex is not PostgresException || ex.IsTransient)
        {
            Log.RequestFailed(logger, timer.RequestId.ToString(), ex);
            context.Response.Headers.RetryAfter = "1";
            fault = new RpcFault(StatusCodes.Status503ServiceUnavailable, (int)McpErrorCode.InternalError,
                "The server cannot reach its database. Try again shortly.");
        }
        catch (Exception ex)
        {
            Log.RequestFailed(logger, timer.RequestId.ToString(), ex);
            fault = new RpcFault(StatusCodes.Status500InternalServerError, (int)McpErrorCode.InternalError,
                $"The server failed to handle the request; its log has the reason under request id {timer.RequestId}.");
        }

        if (fault is not null && !context.Response.HasStarted)
        {
            await fault.WriteAsync(context);
        }

        if (call is not null && (fault is not null || !call.AnsweredElsewhere))
        {
            Record(call, fault?.Status ?? context.Response.StatusCode, context.Request.ContentLength, fault);
        }
    }

    /// <summary>Whether the caller of a stream that has been open for a while would still be let in.</summary>
    public async ValueTask<bool> StillHoldsAsync(McpCall call, CancellationToken ct) => await authentication.AgainAsync(call.Credential, ct) is not null;

    /// <summary>Records the operation of a call, unless it asked for nothing.</summary>
    public void Record(McpCall call, int status, long? requestBytes, RpcFault? fault = null)
    {
        var timer = call.Timer;
        if (timer.Operation is null)
        {
            return;
        }

        if (fault is not null)
        {
            timer.Fail(
                fault.Status >= StatusCodes.Status500InternalServerError ? OpOutcome.ServerError : OpOutcome.ClientError,
                fault.Code.ToString(CultureInfo.InvariantCulture));
        }

        operations.Record(timer.ToRecord(call.Caller.Tenant, call.Caller.KeyId, "mcp", time.GetUtcNow()) with
        {
            Status = status,
            RequestBytes = requestBytes,
            ResponseBytes = timer.ResponseBytes,
        });
    }

    private async Task<RpcFault?> AdmitAsync(HttpContext context, McpCall call, Func<McpCall, Task<RpcFault?>> handle)
    {
        // A GET stream is open for as long as its session; sessions have a cap of their own.
        if (HttpMethods.IsGet(context.Request.Method))
        {
            return await handle(call);
        }

        using var permit = limits.Acquire(call.Caller);
        if (permit.Refusal is { } refusal)
        {
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(permit.RetryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return new RpcFault(StatusCodes.Status429TooManyRequests, RpcFault.ServerError, $"Too many requests. {refusal}");
        }

        call.Slot = permit.Slot;
        return await handle(call);
    }
}
