namespace Engram.Worker;

/// <summary>Everything the Worker logs. Never a memory's text or a secret.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Warning, "The database does not answer ({Error}); trying again")]
    public static partial void QueueUnreachable(this ILogger logger, string error);

    [LoggerMessage(LogLevel.Warning, "Lost the connection that listens for jobs ({Error}); polling until it is back")]
    public static partial void ListenerLost(this ILogger logger, string error);

    [LoggerMessage(LogLevel.Information, "The lease of job {JobId} was lost or its memory has changed; nothing was written")]
    public static partial void LeaseLost(this ILogger logger, Guid jobId);

    [LoggerMessage(LogLevel.Error, "Extraction job {JobId} failed at attempt {Attempt}")]
    public static partial void ExtractionFailed(this ILogger logger, Exception exception, Guid jobId, int attempt);

    [LoggerMessage(LogLevel.Error, "Making a tenant's own vectors failed (turn {Lease}); trying again in a minute")]
    public static partial void EmbeddingFailed(this ILogger logger, Exception exception, Guid lease);

    [LoggerMessage(LogLevel.Warning, "Building a vector index failed ({Error} {SqlState}); trying again later, the bucket is scanned exactly until then")]
    public static partial void VectorIndexFailed(this ILogger logger, string error, string? sqlState);

    [LoggerMessage(LogLevel.Warning, "Recorded operations could not be rolled up ({Error} {SqlState}); their hours are read from the records until they are")]
    public static partial void HoursNotRolledUp(this ILogger logger, string error, string? sqlState);

    [LoggerMessage(LogLevel.Warning, "The partitions of recorded operations could not be brought up to date ({Error} {SqlState}); records go to the default partition until they are")]
    public static partial void PartitionsNotMaintained(this ILogger logger, string error, string? sqlState);
}
