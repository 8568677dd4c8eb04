using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engram.Portal.Client;

public sealed record BucketList(IReadOnlyList<Bucket> Buckets);

public sealed record Bucket(string Id, string Name, string? Description, DateTimeOffset? CreatedAt, long MemoryCount);

public sealed record CreateBucket(string Name, string? Description);

public sealed record MemoryList(IReadOnlyList<Memory> Memories, long? Total, int Limit, int Offset, string? Next);

public sealed record Memory(
    string Id, string Content, string? Status, string? Extraction, string? LastError, string? UserId, string? AgentId, string? RunId, IReadOnlyList<string>? Categories,
    JsonElement? Metadata, string? Language, int? TokenCount, DateTimeOffset? OccurredAt, DateTimeOffset? CreatedAt, DateTimeOffset? UpdatedAt,
    IReadOnlyList<Triple>? Triples, IReadOnlyList<MemoryVersion>? History);

/// <param name="SpanStart">Where its evidence begins in the memory's text, in UTF-16 units.</param>
/// <param name="Superseded">A later statement replaced it.</param>
public sealed record Triple(
    string Subject, string Predicate, string Object, bool Negated, double? Confidence, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo,
    bool Superseded, int? SpanStart, int? SpanLength)
{
    /// <summary>The words of the text that say it; null where the text has changed since.</summary>
    public string? EvidenceIn(string content) =>
        SpanStart is >= 0 and var start && SpanLength is > 0 and var length && start <= content.Length - length ? content.Substring(start, length) : null;
}

/// <param name="Change">edited: the text before an edit; merged: another wording that was merged into the memory.</param>
public sealed record MemoryVersion(string? Change, string? Content, DateTimeOffset? ChangedAt);

/// <summary>What an edit changes; a null is left as it is.</summary>
public sealed record EditMemory(string? Content, JsonElement? Metadata, IReadOnlyList<string>? Categories);

public sealed record Cleared(bool Success, long ClearedCount);

public sealed record QueryRequest(string Query, IReadOnlyList<string> Buckets, JsonObject? Filters, QueryOptions Options);

public sealed record QueryOptions(int TopK, bool SkipSynthesis, bool ReturnExplanation);

public sealed record QueryResult(int MemoriesFound, QueryExplanation? Explanation, string? RequestId);

public sealed record QueryExplanation(IReadOnlyList<RetrievedMemory>? RetrievedMemories, IReadOnlyList<string>? Warnings);

public sealed record RetrievedMemory(
    string MemoryId, string BucketName, string Content, double? RawScore, double? WeightedScore, ArmRanks? Ranks, JsonElement? Metadata);

/// <summary>The place of a memory in each arm's own list, from 1; null where the arm did not find it.</summary>
public sealed record ArmRanks(int? Keyword, int? Vector, int? Graph);
