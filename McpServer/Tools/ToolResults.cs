using System.Text.Json;
using System.Text.Json.Serialization;
using Engram.Engine.Extraction;
using Engram.Engine.Providers;

namespace Engram.McpServer.Tools;

// The structured results, in the words of the wire. Property order is the order a model reads.

internal sealed record ReceiptResult(
    Guid Id, Guid MemoryId, string BucketName, int TokenCount, string Status, Guid? DedupedInto, double? SimilarityScore, string? MergeReason,
    IndexState Indexes, ExtractionItem? Extraction, string? UndoToken);

/// <summary>What an extraction gave, or why it has not given anything yet.</summary>
internal sealed record ExtractionItem(string State, int? Triples, int? Dropped, string? Skipped, string? Error, string? FaultKind, DateTimeOffset? RetryAt)
{
    public static ExtractionItem Of(ExtractionReport report) => new(
        report.State, report.Triples, report.Dropped is 0 ? null : report.Dropped, report.Skipped, report.Error,
        report.Fault is { } fault ? ProviderFaultKinds.NameOf(fault.Kind) : null, report.RetryAt);
}

/// <summary>Where the memory can be found already: <c>ready</c>, or for the graph the state of its extraction.</summary>
internal sealed record IndexState(string Keyword, string Vector, string Graph);

internal sealed record MemoryItem(
    Guid MemoryId, string? BucketName, string Content, bool? Truncated, int? NextFrom, double? Score, DateTimeOffset OccurredAt, DateTimeOffset? CreatedAt,
    string? UserId, IReadOnlyList<string>? Categories, JsonElement? Metadata);

internal sealed record FactItem(
    string Subject, string Predicate, string Object, bool? Negated, bool? Superseded, Guid MemoryId, string BucketName, int Depth, DateTimeOffset Timestamp);

internal sealed record SearchResult(
    int MemoriesFound, IReadOnlyList<MemoryItem> Memories, IReadOnlyList<FactItem>? GraphFacts, IReadOnlyList<string>? Warnings);

internal sealed record CitationItem(Guid MemoryId, string BucketName, string Quote);

internal sealed record AnswerResult(
    string? Answer, string? AnswerStatus, IReadOnlyList<CitationItem> Citations, int MemoriesFound, IReadOnlyList<MemoryItem>? Memories,
    IReadOnlyList<FactItem>? GraphFacts, IReadOnlyList<string>? Warnings);

internal sealed record ListResult(string BucketName, IReadOnlyList<MemoryItem> Memories, long Total, string? NextCursor);

internal sealed record BucketItem(Guid Id, string Name, string? Description, long MemoryCount, DateTimeOffset CreatedAt, DateTimeOffset? LastWriteAt);

internal sealed record BucketsResult(IReadOnlyList<BucketItem> Buckets, int Limit, int Offset, bool More);

internal sealed record TripleItem(string Subject, string Predicate, string Object, bool? Negated, bool? Superseded, string Evidence);

internal sealed record RevisionItem(string Change, string Content, bool? Truncated, DateTimeOffset ChangedAt);

internal sealed record MemoryResult(
    Guid MemoryId, string BucketName, string Content, bool? Truncated, int? NextFrom, int TokenCount, DateTimeOffset OccurredAt, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt,
    int Version, string Extraction, string? UserId, IReadOnlyList<string>? Categories, JsonElement? Metadata, IReadOnlyList<TripleItem> Triples,
    IReadOnlyList<RevisionItem> History);

/// <summary>As on the HTTP API.</summary>
internal sealed record ProfileResult(
    Guid BucketId, string Status, string Profile, DateTimeOffset? UpdatedAt, [property: JsonPropertyName("n_memories_at_gen")] long MemoriesAtGeneration, string? Source);

internal sealed record UpdateResult(Guid MemoryId, string BucketName, bool Updated);

internal sealed record DeleteResult(Guid MemoryId, string BucketName, bool Deleted);

internal sealed record ClearResult(string BucketName, bool Cleared, long MemoryCount, string? Next);
