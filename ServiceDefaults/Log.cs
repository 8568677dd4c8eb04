using Microsoft.Extensions.Logging;

namespace Engram.ServiceDefaults;

/// <summary>Every log line of this project.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Ready {ReadyMs:F0} ms after the start of the process, {WarmUpMs:F0} ms of them to warm up")]
    public static partial void Ready(ILogger logger, double readyMs, double warmUpMs);

    [LoggerMessage(2, LogLevel.Warning, "The host could not be warmed up ({Error}); its first calls will be slow")]
    public static partial void NotWarmed(ILogger logger, string error);
}
