namespace Engram.Portal;

/// <summary>Everything the portal logs. Never an address of a person, a token, a key or a stored text.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Signed in to tenant {TenantId} as {Role}")]
    public static partial void SignedIn(ILogger logger, string tenantId, string role);

    [LoggerMessage(2, LogLevel.Information, "Signed out of tenant {TenantId}")]
    public static partial void SignedOut(ILogger logger, string tenantId);

    [LoggerMessage(3, LogLevel.Warning, "Sign-in refused: {Code} (request {RequestId})")]
    public static partial void SignInRefused(ILogger logger, string code, string? requestId);

    [LoggerMessage(4, LogLevel.Warning, "Too many sign-in attempts from one address")]
    public static partial void SignInThrottled(ILogger logger);

    [LoggerMessage(5, LogLevel.Information, "A session ended at the Api; its cookie is dropped")]
    public static partial void SessionEnded(ILogger logger);

    [LoggerMessage(6, LogLevel.Warning, "The session could not be revoked at the Api: {Code}; it ends by itself at {ExpiresAt}")]
    public static partial void RevokeFailed(ILogger logger, string code, DateTimeOffset expiresAt);

    [LoggerMessage(7, LogLevel.Warning, "{Method} {Path} failed at the Api: {Status} {Code} (request {RequestId})")]
    public static partial void ApiFailed(ILogger logger, string method, string path, int status, string code, string? requestId);

    [LoggerMessage(8, LogLevel.Warning, "The session could not be checked at the Api: {Code}; it is trusted until the next check")]
    public static partial void SessionUnchecked(ILogger logger, string code);

    [LoggerMessage(9, LogLevel.Warning, "Sign-in at the identity provider refused: {Reason}")]
    public static partial void OidcRefused(ILogger logger, string reason, Exception? exception);
}
