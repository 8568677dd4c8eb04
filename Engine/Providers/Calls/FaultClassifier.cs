using System.Net.Sockets;
using Anthropic.Exceptions;

namespace Engram.Engine.Providers;

/// <summary>
/// Says what kind of trouble an exception of an SDK is. What the transport saw (status, Retry-After) goes first, because it is the same for
/// all SDKs; then the error that a stream carries; then what the exception was caused by.
/// </summary>
internal static class FaultClassifier
{
    private const string OutOfCredit = "insufficient_quota";

    /// <returns>The fault, or null where nothing was sent and no network is to blame: then it is a mistake of ours.</returns>
    public static ProviderFault? Classify(Exception exception, HttpExchange exchange, CallTarget target, LlmProgress progress)
    {
        ProviderFault Fault(ProviderFaultKind kind, string hint, int? status = null) => target.Fault(kind, status ?? exchange.Status, progress, hint);

        if (Cause<ProviderUrlRefusedException>(exception) is { } refused)
        {
            return Fault(ProviderFaultKind.BadRequest, refused.Refusal.Message);
        }

        if (Cause<OversizedReplyException>(exception) is { } oversized)
        {
            return Fault(ProviderFaultKind.Malformed, FaultHints.TooLarge(oversized.MaxBytes));
        }

        if (exchange.Status is >= 300 and { } status)
        {
            return status == 429 && ErrorBody(exception).Contains(OutOfCredit, StringComparison.Ordinal)
                ? Fault(ProviderFaultKind.Auth, FaultHints.NoCredit)
                : Fault(KindOf(status), FaultHints.Of(KindOf(status), status, exchange.RetryAfter)) with { RetryAfter = exchange.RetryAfter };
        }

        if (Cause<AnthropicSseException>(exception) is { } streamed && StatusOf(streamed) is { } told)
        {
            return Fault(KindOf(told), FaultHints.Of(KindOf(told), told, null), told);
        }

        if (Transport(exception) is { } transport)
        {
            return TransportFault(transport, exchange, Fault);
        }

        return exchange.Sent ? Fault(ProviderFaultKind.Malformed, FaultHints.NotUnderstood) : null;
    }

    private static ProviderFaultKind KindOf(int status) => status switch
    {
        429 => ProviderFaultKind.RateLimited,
        401 or 402 or 403 => ProviderFaultKind.Auth,
        // 524: a gateway's own "no answer from the server behind".
        408 or 504 or 524 => ProviderFaultKind.Timeout,
        >= 500 => ProviderFaultKind.Unavailable,
        _ => ProviderFaultKind.BadRequest,
    };

    private static ProviderFault TransportFault(Exception transport, HttpExchange exchange, Func<ProviderFaultKind, string, int?, ProviderFault> fault)
    {
        var error = (transport as HttpRequestException)?.HttpRequestError ?? (transport as HttpIOException)?.HttpRequestError;
        if (error is HttpRequestError.InvalidResponse)
        {
            return fault(ProviderFaultKind.Malformed, FaultHints.NotUnderstood, null);
        }

        var neverConnected = error is HttpRequestError.NameResolutionError or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError
            || Cause<SocketException>(transport) is { SocketErrorCode: SocketError.ConnectionRefused or SocketError.TimedOut or SocketError.HostNotFound or SocketError.TryAgain }
            || transport is TimeoutException;
        return exchange.Status is null && neverConnected
            ? fault(ProviderFaultKind.Unavailable, FaultHints.Unreachable(error), null)
            : fault(ProviderFaultKind.Reset, FaultHints.Broken, null);
    }

    /// <summary>The outermost exception of the network: it knows more than what it wraps.</summary>
    private static Exception? Transport(Exception exception)
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is HttpRequestException or IOException or SocketException or TimeoutException)
            {
                return e;
            }
        }

        return null;
    }

    /// <summary>An error in the middle of a stream comes after status 200; its type is one of those that go with a status.</summary>
    private static int? StatusOf(AnthropicSseException exception) => ProviderWords.Text(exception.Body, "error", "type") switch
    {
        "overloaded_error" => 529,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "api_error" => 500,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "invalid_request_error" => 400,
        _ => null,
    };

    private static string ErrorBody(Exception exception) => ProviderWords.BodyOf(exception) ?? "";

    private static T? Cause<T>(Exception? exception)
        where T : Exception
    {
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (e is T found)
            {
                return found;
            }
        }

        return null;
    }
}
