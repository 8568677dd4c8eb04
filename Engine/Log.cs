using Microsoft.Extensions.Logging;

namespace Engram.Engine;

/// <summary>Everything Engine logs. Never a memory's text, a query or a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Information, "Applied migration {Migration}")]
    public static partial void MigrationApplied(this ILogger logger, string migration);

    [LoggerMessage(LogLevel.Information, "Upgraded the legacy key {KeyId} from bcrypt to HMAC")]
    public static partial void LegacyKeyUpgraded(this ILogger logger, Guid keyId);

    [LoggerMessage(LogLevel.Warning, "Writing the last use of {Count} keys failed; they are written with the next ones")]
    public static partial void LastUsedFailed(this ILogger logger, Exception exception, int count);

    [LoggerMessage(LogLevel.Warning, "Listening for changes failed; until it works again, what is revoked or changed elsewhere may stay in use for the caches' time")]
    public static partial void ChangeListenerFailed(this ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Information, "Embedding model {ModelId} ({Dimensions} dimensions) is ready after {Milliseconds:F0} ms")]
    public static partial void EmbedderReady(this ILogger logger, string modelId, int dimensions, double milliseconds);

    [LoggerMessage(LogLevel.Debug, "The hint that jobs wait could not be sent ({Error}); the Worker's poll finds them")]
    public static partial void WakeUpNotSent(this ILogger logger, string error);

    [LoggerMessage(LogLevel.Warning, "The {Arm} arm of a query failed: {Error} {SqlState}")]
    public static partial void ArmFailed(this ILogger logger, string arm, string error, string? sqlState);

    [LoggerMessage(LogLevel.Warning, "A tenant's own embedding model gave no vectors: {Kind} {UpstreamStatus}")]
    public static partial void OwnVectorsNotMade(this ILogger logger, string kind, int? upstreamStatus);

    [LoggerMessage(LogLevel.Warning, "Writing {Count} counts of usage failed; they are written with the next ones")]
    public static partial void UsageNotWritten(this ILogger logger, Exception exception, int count);

    [LoggerMessage(LogLevel.Information, "Built the vector index of bucket {BucketId} in {Seconds:F1} s")]
    public static partial void VectorIndexBuilt(this ILogger logger, Guid bucketId, double seconds);

    [LoggerMessage(LogLevel.Warning, "Writing {Count} calls of models failed; they are written with the next ones, or dropped and counted")]
    public static partial void LlmCallsNotWritten(this ILogger logger, Exception exception, int count);
    [LoggerMessage(LogLevel.Debug, "What was recalled lately could not be noted ({Error}); a copy of it may be extracted again")]
    public static partial void RecalledNotWritten(this ILogger logger, string error);

    [LoggerMessage(LogLevel.Error, "A tenant's provider key cannot be used: {Reason}")]
    public static partial void ProviderKeyNotOpened(this ILogger logger, string reason);

    [LoggerMessage(LogLevel.Warning, "What a tenant uses of its plan could not be read ({Error}); the last figures go on being used")]
    public static partial void PlanFiguresNotRead(this ILogger logger, string error);

    [LoggerMessage(LogLevel.Warning, "That a tenant passed a mark of its plan could not be written down ({Error}); its next request tries again")]
    public static partial void UsageMarkNotWritten(this ILogger logger, string error);

    [LoggerMessage(LogLevel.Warning, "Writing {Count} records of operations failed; they are written with the next ones, or dropped and counted")]
    public static partial void OperationsNotWritten(this ILogger logger, Exception exception, int count);
}
