using System.Text.Json;

namespace Engram.Portal.Client;

public sealed record BucketList(IReadOnlyList<Bucket> Buckets);

public sealed record Bucket(string Id, string Name, string? Description, DateTimeOffset? CreatedAt, long MemoryCount);

public sealed record CreateBucket(string Name, string? Description);

public sealed record MemoryList(IReadOnlyList<Memory> Memories, long? Total, int Limit, int Offset, string? Next);

public sealed record Memory(
    string Id, string Content, string? Status, string? UserId, string? AgentId, string? RunId, IReadOnlyList<string>? Categories,
    JsonElement? Metadata, string? Language, int? TokenCount, DateTimeOffset? OccurredAt, DateTimeOffset? CreatedAt, DateTimeOffset? UpdatedAt,
    IReadOnlyList<Triple>? Triples, IReadOnlyList<MemoryVersion>? History);

public sealed record Triple(
    string Subject, string Predicate, string Object, double? Confidence, string? Evidence, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo);

public sealed record MemoryVersion(string? Content, DateTimeOffset? ChangedAt, string? ChangedBy);

/// <summary>What an edit changes; a null is left as it is.</summary>
public sealed record EditMemory(string? Content, JsonElement? Metadata, IReadOnlyList<string>? Categories);

public sealed record Cleared(bool Success, long ClearedCount);

public sealed record QueryRequest(string Query, IReadOnlyList<string> Buckets, QueryFilters? Filters, QueryOptions Options);

public sealed record QueryFilters(string? UserId, IReadOnlyList<string>? Categories);

public sealed record QueryOptions(int TopK, bool SkipSynthesis, bool ReturnExplanation);

public sealed record QueryResult(int MemoriesFound, QueryExplanation? Explanation, string? RequestId);

public sealed record QueryExplanation(IReadOnlyList<RetrievedMemory>? RetrievedMemories, IReadOnlyList<string>? Warnings);

public sealed record RetrievedMemory(
    string MemoryId, string BucketName, string Content, double? RawScore, double? WeightedScore, ArmRanks? Ranks, JsonElement? Metadata);

/// <summary>The place of a memory in each arm's own list, from 1; null where the arm did not find it.</summary>
public sealed record ArmRanks(int? Keyword, int? Vector, int? Graph);
