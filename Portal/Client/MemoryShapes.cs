using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engram.Portal.Client;

public sealed record BucketList(IReadOnlyList<Bucket> Buckets);

public sealed record Bucket(string Id, string Name, string? Description, DateTimeOffset? CreatedAt, long MemoryCount);

public sealed record CreateBucket(string Name, string? Description);

public sealed record DescribeBucket(string Description);

public sealed record MemoryList(IReadOnlyList<Memory> Memories, long? Total, int Limit, int Offset, string? Next);

public sealed record Memory(
    string Id, string Content, string? Status, string? Extraction, string? LastError, string? UserId, string? AgentId, string? RunId, IReadOnlyList<string>? Categories,
    JsonElement? Metadata, string? Language, int? TokenCount, DateTimeOffset? OccurredAt, DateTimeOffset? CreatedAt, DateTimeOffset? UpdatedAt,
    IReadOnlyList<Triple>? Triples, IReadOnlyList<MemoryVersion>? History, MemoryTraces? Traces = null)
{
    /// <summary>What its metadata calls its source, where it does.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string? Source =>
        Metadata is { ValueKind: JsonValueKind.Object } metadata && metadata.TryGetProperty("source", out var source) && source.ValueKind == JsonValueKind.String ? source.GetString() : null;
}

/// <param name="StoredBy">Name of the key, or the browser of the person, that stored it.</param>
/// <param name="StoredWith">api or session.</param>
public sealed record MemoryTraces(string? StoredBy, string? StoredWith, long Retrievals, DateTimeOffset? LastRetrievedAt, int Triples, int Revisions)
{
    [System.Text.Json.Serialization.JsonIgnore]
    public string? Writer => (StoredBy, StoredWith) switch
    {
        (null, _) => null,
        (var name, "session") => $"in the portal ({name})",
        var (name, _) => $"key {name}",
    };
}

/// <param name="SpanStart">Where its evidence begins in the memory's text, in UTF-16 units.</param>
/// <param name="Superseded">A later statement replaced it.</param>
public sealed record Triple(
    string Subject, string Predicate, string Object, bool Negated, double? Confidence, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo,
    bool Superseded, int? SpanStart, int? SpanLength, int OtherSources = 0)
{
    /// <summary>The words of the text that say it; null where the text has changed since.</summary>
    public string? EvidenceIn(string content) =>
        SpanStart is >= 0 and var start && SpanLength is > 0 and var length && start <= content.Length - length ? content.Substring(start, length) : null;
}

/// <param name="Change">edited: the text before an edit; merged: another wording that was merged into the memory.</param>
public sealed record MemoryVersion(string? Change, string? Content, DateTimeOffset? ChangedAt, JsonElement? Metadata = null, IReadOnlyList<string>? Categories = null)
{
    /// <summary>The edit that brings this state back: what is now goes to the history in turn.</summary>
    public EditMemory ToEdit() => new(Content, Metadata, Categories);
}

/// <summary>What an edit changes; a null is left as it is.</summary>
public sealed record EditMemory(string? Content, JsonElement? Metadata, IReadOnlyList<string>? Categories);

public sealed record Cleared(bool Success, long ClearedCount);

public sealed record QueryRequest(string Query, IReadOnlyList<string> Buckets, JsonObject? Filters, QueryOptions Options, bool? Stream = null);

public sealed record QueryOptions(
    int TopK, bool SkipSynthesis, bool ReturnExplanation, double? MinSimilarityThreshold = null, DateTimeOffset? AsOf = null);

public sealed record QueryResult(
    int MemoriesFound, QueryExplanation? Explanation, string? RequestId, string? Answer = null, string? AnswerStatus = null, IReadOnlyList<Citation>? Citations = null,
    QueryUsage? Usage = null, IReadOnlyDictionary<string, double>? Timings = null, IReadOnlyList<string>? Warnings = null);

/// <param name="Quote">Word for word out of the memory.</param>
public sealed record Citation(string MemoryId, string Quote, double Strength);

/// <param name="ContextTokens">Tokens of the memories that were given to the model.</param>
/// <param name="ActualInputTokens">Tokens of the whole prompt, as the provider counted them; 0 for an answer without a model.</param>
public sealed record QueryUsage(
    int ContextTokens, long ActualInputTokens, long ActualOutputTokens, int LlmCalls, double? FirstTokenMs, decimal? CostUsd, string? Provider, string? Model);

public sealed record QueryExplanation(
    IReadOnlyList<RetrievedMemory>? RetrievedMemories, IReadOnlyList<string>? Warnings, IReadOnlyList<GraphFact>? GraphFacts = null,
    IReadOnlyList<EntityMatch>? EntityMatches = null, int ContextTokens = 0, int Candidates = 0);

public sealed record RetrievedMemory(
    string MemoryId, string BucketName, string Content, double? RawScore, double? WeightedScore, ArmRanks? Ranks, JsonElement? Metadata, ArmScores? Scores = null);

/// <summary>The place of a memory in each arm's own list, from 1; null where the arm did not find it.</summary>
public sealed record ArmRanks(int? Keyword, int? Vector, int? Graph);

/// <summary>Its score in each arm: BM25, cosine similarity, graph weight.</summary>
public sealed record ArmScores(double? Keyword, double? Vector, double? Graph);

public sealed record GraphFact(
    string Subject, string Predicate, string Object, string? MemoryId, string? BucketName, int Depth, double Weight, DateTimeOffset? Timestamp);

public sealed record EntityMatch(string Entity, string? BucketName, double Score);

/// <summary>A frame of a streamed answer: a piece of its text, or at the end the whole result.</summary>
public sealed record AnswerFrame(string? Delta, QueryResult? Result);
