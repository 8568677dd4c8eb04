using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Engram.Engine.Recall;

namespace Engram.Api.Recall;

/// <summary>How much a reranker may reorder. This server has none: anything but <c>none</c> is answered with a warning.</summary>
public enum RerankMode
{
    None,
    Light,
    Full,
}

/// <summary>Form of the answer.</summary>
public enum ReturnFormat
{
    Prose,
    Json,
}

/// <summary>What a query does when the tenant's provider fails.</summary>
public enum FallbackMode
{
    /// <summary>It quotes memories instead, with a warning.</summary>
    Extractive,
}

public sealed record QueryRequest
{
    [Description("A question, or words to search for."), StringLength(RecallRequest.MaxQueryCharacters, MinimumLength = 1)]
    public required string Query { get; init; }

    [Description("Buckets to look in: names or ids, or objects such as {\"name\":\"default\",\"top_k\":5,\"weight\":0.5}. Default: [\"default\"]."), MinLength(1), MaxLength(RecallRequest.MaxBuckets)]
    public IReadOnlyList<JsonElement>? Buckets { get; init; }

    [Description("Answer as server-sent events.")]
    public bool? Stream { get; init; }

    [Description("A condition on memories, such as {\"user_id\":\"ann\",\"metadata.score\":{\"gte\":3}}.")]
    public JsonElement? Filters { get; init; }

    public QueryOptions? Options { get; init; }
}

public sealed record QueryOptions
{
    [Description("Most memories, over all buckets. Default: 8."), Range(1, RecallRequest.MaxTopK)]
    public int? TopK { get; init; }

    [Description("Most memories of each bucket: a number, or an object with a number per bucket.")]
    public JsonElement? TopKPerBucket { get; init; }

    [Description("Only retrieve; the answer stays empty.")]
    public bool? SkipSynthesis { get; init; }

    [Description("Whether to say what was retrieved and why. Default: true.")]
    public bool? ReturnExplanation { get; init; }

    [Description("Most tokens of the answer."), Range(1, 32_768)]
    public int? MaxTokens { get; init; }

    [Description("Lowest cosine similarity to the query."), Range(-1.0, 1.0)]
    public double? MinSimilarityThreshold { get; init; }

    [Description("Lowest fused score times bucket weight."), Range(0.0, 1000.0)]
    public double? MinWeightedScore { get; init; }

    [Description("none, light or full. This server has no reranker yet.")]
    public RerankMode? Rerank { get; init; }

    [Description("prose or json.")]
    public ReturnFormat? ReturnFormat { get; init; }

    [Description("The JSON schema answer_json is held to with return_format json; needs a provider for synthesis.")]
    public JsonElement? ResponseSchema { get; init; }

    [Description("extractive: when your provider fails, quote memories instead, with a warning. Default: the failure is the answer.")]
    public FallbackMode? Fallback { get; init; }

    [Description("Facts as they held at this time.")]
    public DateTimeOffset? AsOf { get; init; }
}

/// <summary>Rank of a memory in each arm, from 1; left out where the arm did not bring it up.</summary>
public sealed record RanksView(int? Keyword, int? Vector, int? Graph);

/// <summary>Score of a memory in each arm: BM25, cosine similarity, graph weight.</summary>
public sealed record ScoresView(double? Keyword, double? Vector, double? Graph);

public sealed record RetrievedMemoryView(
    Guid MemoryId,
    Guid BucketId,
    string BucketName,
    string Content,
    double RawScore,
    double Weight,
    double WeightedScore,
    JsonElement Metadata,
    DateTimeOffset OccurredAt,
    RanksView Ranks,
    ScoresView Scores,
    Guid? RaisedBy)
{
    public static RetrievedMemoryView From(RecallHit hit) => new(
        hit.Memory.Id,
        hit.Memory.BucketId,
        hit.BucketName,
        hit.Memory.Content,
        Round(hit.Score),
        hit.Weight,
        Round(hit.WeightedScore),
        hit.Memory.Metadata,
        hit.Memory.OccurredAt,
        new RanksView(hit.Keyword?.Rank, hit.Vector?.Rank, hit.Graph?.Rank),
        new ScoresView(Round(hit.Keyword?.Score), Round(hit.Vector?.Score), Round(hit.Graph?.Score)),
        hit.RaisedBy);

    private static double Round(double score) => Math.Round(score, 6);

    private static double? Round(double? score) => score is { } value ? Round(value) : null;
}

public sealed record ExplanationView(
    IReadOnlyList<RetrievedMemoryView> RetrievedMemories,
    IReadOnlyList<GraphFact> GraphFacts,
    IReadOnlyList<EntityMatch> EntityMatches,
    int ContextTokens,
    int Candidates,
    IReadOnlyList<string> Warnings)
{
    /// <summary>Of the only bucket asked that has one.</summary>
    public string? Profile { get; init; }

    /// <summary>Of every bucket asked that has one.</summary>
    public IReadOnlyList<BucketProfileView>? Profiles { get; init; }
}

/// <summary>A bucket in a few lines; <c>source</c> says who wrote them.</summary>
public sealed record BucketProfileView(Guid BucketId, string BucketName, string Profile, string Source);

/// <summary>Tokens. <c>actual_*</c> are those an LLM was paid for; an extractive answer costs none.</summary>
public sealed record QueryUsage(
    int InputTokens, int OutputTokens, int ContextTokens, long ActualInputTokens, long ActualOutputTokens, int LlmCalls)
{
    /// <summary>Milliseconds from asking the model to the first token of a streamed answer.</summary>
    public double? FirstTokenMs { get; init; }

    /// <summary>US dollars, by the connection's own price or the list price; left out where neither is known.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>Who answered: the provider and its model; left out of an extractive answer.</summary>
    public string? Provider { get; init; }

    public string? Model { get; init; }
}

/// <summary>What the answer rests on: a sentence, word for word, of a memory that was retrieved, or a graph fact that one says.</summary>
public sealed record CitationView(Guid MemoryId, string Quote, double Strength);

/// <summary>The answer as a value, for <c>return_format: json</c>.</summary>
public sealed record AnswerValue(string Answer, string AnswerStatus, IReadOnlyList<CitationView> Citations);

/// <summary>What was found and answered. Without synthesis there is no answer. <c>timings</c> are milliseconds by hop, as in <c>Server-Timing</c>.</summary>
public sealed record QueryResponse(
    string? Answer,
    JsonElement? AnswerJson,
    string? AnswerStatus,
    IReadOnlyList<CitationView> Citations,
    int MemoriesFound,
    ExplanationView? Explanation,
    QueryUsage Usage,
    IReadOnlyDictionary<string, double> Timings,
    Guid RequestId)
{
    /// <summary>What the caller should know: a fallback, removed citations, what could not be done. The explanation has them too.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }
}
