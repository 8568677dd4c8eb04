using Engram.Engine.Memories;
using Engram.Engine.Recall;

namespace Engram.McpServer.Tools;

/// <summary>Names of the engine's states on the wire.</summary>
internal static class Words
{
    public static string Of(StoreStatus status) => status switch
    {
        StoreStatus.Stored => "stored",
        StoreStatus.Merged => "merged",
        StoreStatus.Quarantined => "quarantined",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    public static string Of(AnswerStatus status) => status switch
    {
        AnswerStatus.Answered => "answered",
        AnswerStatus.Partial => "partial",
        AnswerStatus.NotFound => "not_found",
        AnswerStatus.Conflicting => "conflicting",
        _ => throw new ArgumentOutOfRangeException(nameof(status)),
    };

    public static string Of(MergeReason reason) => reason switch
    {
        MergeReason.ContentHash => "content_hash",
        MergeReason.EmbeddingSimilarity => "embedding_similarity",
        MergeReason.ConcurrentInsertRace => "concurrent_insert_race",
        _ => throw new ArgumentOutOfRangeException(nameof(reason)),
    };

    public static string Of(ExtractionState state) => state switch
    {
        ExtractionState.Pending => "pending",
        ExtractionState.Extracted => "ready",
        ExtractionState.Skipped => "skipped",
        ExtractionState.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(state)),
    };

    public static string GraphState(string job) => job switch
    {
        "done" => "ready",
        "dead" => "failed",
        _ => "pending",
    };
}
