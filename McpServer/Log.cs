using Engram.McpServer.Auth;

namespace Engram.McpServer;

/// <summary>Every log line of this project. Never a key, a stored text or a query.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Closed {Closed} idle MCP sessions; {Open} stay open.")]
    public static partial void SessionsSwept(ILogger logger, int closed, int open);

    [LoggerMessage(2, LogLevel.Information, "Closed an MCP session idle for {IdleSeconds:F0} s to make room for a new one of the same key.")]
    public static partial void SessionEvicted(ILogger logger, double idleSeconds);

    [LoggerMessage(3, LogLevel.Error, "MCP request {RequestId} failed.")]
    public static partial void RequestFailed(ILogger logger, string requestId, Exception exception);

    [LoggerMessage(4, LogLevel.Error, "Tool {Tool} failed in request {RequestId}.")]
    public static partial void ToolFailed(ILogger logger, string tool, string requestId, Exception exception);

    [LoggerMessage(20, LogLevel.Warning, "Could not look whether subscribed resources have changed; trying again with the next look.")]
    public static partial void WatchFailed(ILogger logger, Exception exception);

    [LoggerMessage(21, LogLevel.Debug, "A notification of a changed resource found no reader.")]
    public static partial void NotificationLost(ILogger logger, Exception exception);
    [LoggerMessage(20, LogLevel.Warning, "Refused an access token: {Fault}.")]
    public static partial void TokenRefused(ILogger logger, TokenFault fault);

    [LoggerMessage(21, LogLevel.Warning, "The token issuer's keys could not be fetched.")]
    public static partial void IssuerUnreachable(ILogger logger, Exception exception);
}
