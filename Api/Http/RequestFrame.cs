using System.Text.RegularExpressions;
using Engram.Api.Auth;
using Engram.Engine;
using Engram.Engine.Latency;
using Engram.Engine.Providers;
using Npgsql;

namespace Engram.Api.Http;

/// <summary>
/// The outermost middleware: starts the clock, gives the request its id, answers what went wrong inside with a problem, and writes
/// <c>X-Request-Id</c> and <c>Server-Timing</c>.
/// </summary>
public static partial class RequestFrame
{
    // Stack and message never leave the process; 499 is what proxies write down for a caller that hung up.
    private const int ClientClosedRequest = 499;

    public static IApplicationBuilder UseRequestFrame(this WebApplication app)
    {
        var log = app.Services.GetRequiredService<ILogger<Problem>>();
        var operations = app.Services.GetRequiredService<OperationLog>();
        var time = app.Services.GetRequiredService<TimeProvider>();
        return app.Use(next => async context =>
        {
            var timer = new OpTimer(Guid.CreateVersion7());
            await InvokeAsync(context, timer, next, log);
            // Who calls is known only behind the key; what nobody can be shown is not recorded.
            if (context.Features.Get<Caller>() is { } caller)
                operations.Record(RecordOf(context, timer, caller, time.GetUtcNow()));
        });
    }

    private static OperationRecord RecordOf(HttpContext context, OpTimer timer, Caller caller, DateTimeOffset now)
    {
        timer.Class = context.GetEndpoint()?.Metadata.GetMetadata<OperationClass>()?.Class ?? OpClass.Read;
        timer.Operation = $"{context.Request.Method} {RoutePattern(context)}";
        if (context.Response.StatusCode == ClientClosedRequest)
            timer.Fail(OpOutcome.ClientError, "client_closed");
        return timer.ToRecord(caller.Tenant, caller.Principal.KeyId, "api", now) with
        {
            Status = context.Response.StatusCode,
            RequestBytes = context.Request.ContentLength,
            ResponseBytes = context.Response.ContentLength ?? timer.ResponseBytes,
        };
    }

    private static async Task InvokeAsync(HttpContext context, OpTimer timer, RequestDelegate next, ILogger log)
    {
        context.Features.Set(timer);
        context.Response.Headers["X-Request-Id"] = timer.RequestId.ToString();
        context.Response.OnStarting(WriteServerTiming, context);
        try
        {
            await next(context);
            if (context.Response is { HasStarted: false, StatusCode: >= 400, ContentType: null } && Problems.ForBareStatus(context) is { } problem)
                await problem.ExecuteAsync(context);
        }
        catch (Exception e)
        {
            await AnswerAsync(context, e, log);
        }
        finally
        {
            timer.Stop();
        }
    }

    private static Task WriteServerTiming(object state)
    {
        var context = (HttpContext)state;
        context.Response.Headers["Server-Timing"] = context.Features.Get<OpTimer>()!.ToServerTiming();
        return Task.CompletedTask;
    }

    private static Task AnswerAsync(HttpContext context, Exception exception, ILogger log)
    {
        if (context.RequestAborted.IsCancellationRequested)
        {
            context.Response.StatusCode = ClientClosedRequest;
            return Task.CompletedTask;
        }

        var problem = ProblemFor(exception);
        // That a lane is full is counted with the operations; a line each would only add to the load.
        if (problem is null || (problem.Status == StatusCodes.Status503ServiceUnavailable && exception is not EngramException { Kind: FailureKind.Busy }))
            log.RequestFailed(exception, context.Request.Method, RoutePattern(context));
        if (context.Response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        // Content headers an endpoint set before it failed must not describe the problem's body. The request's own headers stay.
        context.Response.ContentLength = null;
        context.Response.Headers.ETag = default;
        return (problem ?? Problems.Internal()).ExecuteAsync(context);
    }

    /// <summary>What a failure is to the caller; null where it is none of the caller's doing and none of its provider's.</summary>
    internal static Problem? ProblemFor(Exception exception) => exception switch
    {
        EngramException e => Problems.From(e),
        ProblemException e => e.Problem,
        ProviderException e => Problems.From(e.Fault),
        BadHttpRequestException e => FromBadRequest(e),
        NpgsqlException { IsTransient: true } => Problems.NotReady(),
        _ => null,
    };

    private static Problem FromBadRequest(BadHttpRequestException e)
    {
        if (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
            return Problems.PayloadTooLarge("body", "The body is larger than this server accepts.");
        var match = ParameterMessage().Match(e.Message);
        return match.Success
            ? Problems.Invalid(ToSnakeCase(match.Groups["name"].Value), $"Must be {InWords(match.Groups["type"].Value)}, not '{Problems.Shorten(match.Groups["value"].Value)}'.")
            : Problems.Malformed("The request is malformed.");
    }

    private static string RoutePattern(HttpContext context) =>
        (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(no route)";

    private static string ToSnakeCase(string name) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(name);

    private static string InWords(string type) => type switch
    {
        "Nullable<int>" or "int" => "a whole number",
        "Nullable<bool>" or "bool" => "true or false",
        _ => $"a value of type {type}",
    };

    // The framework tells which parameter did not bind only in words.
    [GeneratedRegex("""^Failed to bind parameter "(?<type>\S+) (?<name>\w+)" from "(?<value>[\s\S]*)"\.$""", RegexOptions.ExplicitCapture)]
    private static partial Regex ParameterMessage();
}
