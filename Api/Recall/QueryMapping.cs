using System.Text.Json;
using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Buckets;
using Engram.Engine.Memories;
using Engram.Engine.Recall;

namespace Engram.Api.Recall;

/// <summary>From the wire's query to the engine's.</summary>
internal static class QueryMapping
{
    private const int DefaultTopK = 8;

    /// <exception cref="ProblemException">Something is wrong that only the parts together tell.</exception>
    public static RecallRequest ToRecall(QueryRequest query)
    {
        var options = query.Options ?? new QueryOptions();
        var buckets = query.Buckets is null ? [new BucketQuery(BucketName.Default)] : query.Buckets.Select(ReadBucket).ToArray();
        if (options.TopKPerBucket is { } perBucket)
            buckets = WithTopK(buckets, perBucket);
        return new RecallRequest
        {
            Query = query.Query,
            Buckets = buckets,
            TopK = options.TopK ?? DefaultTopK,
            Filter = MemoryFilter.Parse(query.Filters ?? default),
            MinSimilarity = options.MinSimilarityThreshold,
            MinWeightedScore = options.MinWeightedScore,
            AsOf = options.AsOf,
        };
    }

    /// <summary>What the engine is asked to answer.</summary>
    public static AnswerRequest ToAnswer(QueryRequest query, Caller caller, RecallResult found, ResponseShape? shape, IReadOnlyList<BucketProfile> profiles) =>
        new(caller.Tenant, query.Query, found, caller.Timer)
        {
            Operation = "POST /v1/query",
            KeyId = caller.Principal.KeyId,
            Profiles = profiles,
            MaxTokens = query.Options?.MaxTokens,
            AsJson = query.Options?.ReturnFormat == ReturnFormat.Json,
            Shape = shape,
            FallBack = query.Options?.Fallback == FallbackMode.Extractive,
            AsOf = query.Options?.AsOf,
        };

    /// <summary>The schema of the answer's value, or null.</summary>
    /// <exception cref="Engine.EngramException">It is no schema, or asks what is not enforced here.</exception>
    public static ResponseShape? ShapeOf(QueryOptions? options)
    {
        if (options?.ResponseSchema is not { } schema)
            return null;
        if (options.ReturnFormat != ReturnFormat.Json)
            throw Invalid("options.response_schema", "Needs options.return_format json.");
        return ResponseShape.Parse(schema, "options.response_schema");
    }

    /// <summary>Ends the request unless the key may use every bucket of it.</summary>
    public static async ValueTask DemandBucketsAsync(
        Caller caller, BucketStore store, RecallRequest request, CancellationToken cancellationToken)
    {
        foreach (var bucket in request.Buckets)
            await caller.DemandBucketAsync(store, bucket.Bucket, cancellationToken);
    }

    /// <summary>What was asked for and is not done, in words.</summary>
    public static IEnumerable<string> Unfulfilled(QueryOptions? options)
    {
        if (options?.Rerank is not (null or RerankMode.None))
            yield return "options.rerank: this server has no reranker; the order is that of the fused arms.";
    }

    private static BucketQuery ReadBucket(JsonElement element, int index)
    {
        var at = $"buckets[{index}]";
        if (element.ValueKind == JsonValueKind.String)
            return new BucketQuery(element.GetString()!);
        if (element.ValueKind != JsonValueKind.Object)
            throw Invalid(at, "Must be a name, an id, or an object with 'name' and optionally 'top_k' and 'weight'.");
        string? name = null;
        int? topK = null;
        var weight = 1.0;
        foreach (var property in element.EnumerateObject())
        {
            switch (property.Name)
            {
                case "name" or "id" when property.Value.ValueKind == JsonValueKind.String:
                    name = property.Value.GetString();
                    break;
                case "top_k" when property.Value.TryWhole(out var count) && count is >= 1 and <= RecallRequest.MaxTopK:
                    topK = count;
                    break;
                case "weight" when property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetDouble(out weight) && weight is >= 0 and <= 100:
                    break;
                case "name" or "id":
                    throw Invalid($"{at}.{property.Name}", "Must be a string.");
                case "top_k":
                    throw Invalid($"{at}.top_k", $"Must be a whole number between 1 and {RecallRequest.MaxTopK}.");
                case "weight":
                    throw Invalid($"{at}.weight", "Must be a number between 0 and 100.");
                default:
                    throw Invalid($"{at}.{Problems.Shorten(property.Name)}", "Is not a known field. Known are: id, name, top_k, weight.");
            }
        }

        return new BucketQuery(name ?? throw Invalid($"{at}.name", "Is required."), topK, weight);
    }

    private static BucketQuery[] WithTopK(BucketQuery[] buckets, JsonElement perBucket)
    {
        const string Field = "options.top_k_per_bucket";
        if (TryTopK(perBucket, out var same))
            return Array.ConvertAll(buckets, bucket => bucket with { TopK = bucket.TopK ?? same });
        if (perBucket.ValueKind != JsonValueKind.Object)
            throw Invalid(Field, $"Must be a whole number between 1 and {RecallRequest.MaxTopK}, or an object with one for each bucket.");
        foreach (var property in perBucket.EnumerateObject())
        {
            var at = Array.FindIndex(buckets, bucket => bucket.Bucket == property.Name);
            if (at < 0)
                throw Invalid($"{Field}.{Problems.Shorten(property.Name)}", "Is not one of the buckets of this query.");
            if (!TryTopK(property.Value, out var topK))
                throw Invalid($"{Field}.{Problems.Shorten(property.Name)}", $"Must be a whole number between 1 and {RecallRequest.MaxTopK}.");
            buckets[at] = buckets[at] with { TopK = topK };
        }

        return buckets;
    }

    private static bool TryTopK(JsonElement value, out int topK) => value.TryWhole(out topK) && topK is >= 1 and <= RecallRequest.MaxTopK;

    private static bool TryWhole(this JsonElement value, out int number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out number);
    }

    private static ProblemException Invalid(string field, string message) => new(Problems.Invalid(field, message));
}
