using Engram.Engine.Memories;

namespace Engram.Engine.Recall;

/// <summary>A question to one or more buckets.</summary>
public sealed record RecallRequest
{
    /// <summary>Longest query, in characters.</summary>
    public const int MaxQueryCharacters = 8_192;

    /// <summary>Most buckets of one query.</summary>
    public const int MaxBuckets = 32;

    /// <summary>Largest <see cref="TopK"/>.</summary>
    public const int MaxTopK = 100;

    /// <summary>The question or search words.</summary>
    public required string Query { get; init; }

    /// <summary>Where to look, each with its weight and its own limit.</summary>
    public IReadOnlyList<BucketQuery> Buckets { get; init; } = [new BucketQuery(Engine.Buckets.BucketName.Default)];

    /// <summary>Most memories returned, over all buckets: 1 to 100. Guidance: chat 3-5, RAG 8-12, recommendation 10-20, exploration 20-50.</summary>
    public int TopK { get; init; } = 8;

    /// <summary>A condition that holds in every arm, or null.</summary>
    public MemoryFilter? Filter { get; init; }

    /// <summary>Lowest cosine similarity to the query, -1 to 1; null for no limit.</summary>
    public double? MinSimilarity { get; init; }

    /// <summary>Lowest fused score times bucket weight; null for no limit.</summary>
    public double? MinWeightedScore { get; init; }

    /// <summary>Graph facts as they held at this time; null for now.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>The key that asks, or null: a vector of the tenant's own model is charged to it.</summary>
    public Guid? KeyId { get; init; }

    /// <exception cref="EngramException">Something is missing or out of range.</exception>
    internal void Check()
    {
        if (string.IsNullOrWhiteSpace(Query))
            throw EngramException.Invalid("query", "query is missing or blank.");
        TextRules.Check("query", Query, MaxQueryCharacters);
        if (TopK is < 1 or > MaxTopK)
            throw EngramException.Invalid("top_k", $"top_k must be 1 to {MaxTopK}.");
        if (Buckets.Count is 0 or > MaxBuckets)
            throw EngramException.Invalid("buckets", $"buckets must name 1 to {MaxBuckets} buckets.");
        foreach (var bucket in Buckets)
        {
            if (!Guid.TryParse(bucket.Bucket, out _))
                Engine.Buckets.BucketName.Check(bucket.Bucket, "buckets");
            if (bucket.TopK is < 1 or > MaxTopK)
                throw EngramException.Invalid("top_k_per_bucket", $"top_k_per_bucket must be 1 to {MaxTopK}.");
            if (!double.IsFinite(bucket.Weight) || bucket.Weight is < 0 or > 100)
                throw EngramException.Invalid("buckets", "A bucket's weight must be 0 to 100.");
        }
    }
}

/// <summary>A bucket to look in.</summary>
/// <param name="Bucket">Name or id.</param>
/// <param name="TopK">Most memories from this bucket, or null for no limit of its own.</param>
/// <param name="Weight">Multiplies the scores of this bucket's memories: 0 to 100.</param>
public sealed record BucketQuery(string Bucket, int? TopK = null, double Weight = 1);
