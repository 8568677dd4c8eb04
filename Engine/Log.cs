using Microsoft.Extensions.Logging;

namespace Engram.Engine;

/// <summary>Everything Engine logs. Never a memory's text, a query or a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Information, "Applied migration {Migration}")]
    public static partial void MigrationApplied(this ILogger logger, string migration);
}
