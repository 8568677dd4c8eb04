namespace Engram.Api;

/// <summary>Everything the Api logs. Never a key, a memory's text or a query.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Error, "{Method} {Route} failed")]
    public static partial void RequestFailed(this ILogger logger, Exception exception, string method, string route);

    [LoggerMessage(LogLevel.Error, "The keys of the OpenID Connect issuer cannot be read")]
    public static partial void IssuerUnreadable(this ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Information, "The operator made tenant {Tenant}")]
    public static partial void TenantMade(this ILogger logger, Guid tenant);

    [LoggerMessage(LogLevel.Warning, "The operator deleted tenant {Tenant} with everything it had")]
    public static partial void TenantDeleted(this ILogger logger, Guid tenant);
}
