namespace Engram.Engine.Recall;

/// <summary>A fused memory with the weight of its bucket.</summary>
internal sealed record RankedMemory(FusedMemory Fused, double Weight)
{
    /// <summary>The best memories under the request's thresholds and limits.</summary>
    public static IReadOnlyList<RankedMemory> Select(
        IReadOnlyList<FusedMemory> fused, RecallRequest request, IReadOnlyDictionary<Guid, BucketQuery> queries, Func<Guid, Guid> bucketOf)
    {
        var taken = new Dictionary<Guid, int>();
        var best = new List<RankedMemory>(request.TopK);
        var weighted = fused.Select(f => (Fused: f, Bucket: bucketOf(f.Memory)))
            .Select(f => (f.Bucket, Ranked: new RankedMemory(f.Fused, queries[f.Bucket].Weight)))
            .OrderByDescending(f => f.Ranked.Fused.Score * f.Ranked.Weight);
        foreach (var (bucket, ranked) in weighted)
        {
            if (best.Count == request.TopK)
                break;
            // A memory the vector arm did not bring up is farther than all it did: it has no similarity to pass a threshold with.
            if (request.MinSimilarity is { } similarity && !(ranked.Fused.Vector?.Score >= similarity))
                continue;
            if (request.MinWeightedScore is { } score && ranked.Fused.Score * ranked.Weight < score)
                continue;
            var count = taken.GetValueOrDefault(bucket);
            if (queries[bucket].TopK is { } limit && count >= limit)
                continue;
            taken[bucket] = count + 1;
            best.Add(ranked);
        }

        return best;
    }
}
