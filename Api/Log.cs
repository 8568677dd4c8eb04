namespace Engram.Api;

/// <summary>Everything the Api logs. Never a key, a memory's text or a query.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Error, "{Method} {Route} failed")]
    public static partial void RequestFailed(this ILogger logger, Exception exception, string method, string route);
}
