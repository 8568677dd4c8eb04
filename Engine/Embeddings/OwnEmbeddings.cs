using Engram.Engine.Latency;
using Engram.Engine.Providers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Embeddings;

/// <summary>
/// Vectors of a tenant's own embedding model, beside those of the local encoder. Whatever the provider does, a store is a store and a query a query:
/// a fault is recorded, the Worker makes the vectors later, and the local encoder's vectors answer meanwhile.
/// </summary>
/// <param name="models">The tenants' models.</param>
/// <param name="options">How long a request waits.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Names the kind of a fault.</param>
public sealed class OwnEmbeddings(TenantModels models, IOptions<OwnModelOptions> options, TimeProvider time, ILogger<OwnEmbeddings> log)
{
    private readonly OwnModelOptions _options = options.Value;
    private readonly EmbeddingCache _queries = new(options.Value.CacheSize);

    /// <summary>The chunks a text has for any provider's model.</summary>
    internal static IReadOnlyList<string> Chunks(string text) => ByteCount.Chunker.Split(text);

    /// <summary>What the tenant's own vectors are, or null where it has no model of its own. From the cache, nearly always.</summary>
    internal ValueTask<VectorSpace?> SpaceOfAsync(Tenant tenant, CancellationToken cancellationToken) => models.VectorsOfAsync(tenant, cancellationToken);

    /// <summary>Vectors of texts that are being stored.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="space">What the vectors must be.</param>
    /// <param name="texts">The texts.</param>
    /// <param name="keyId">The key that stores, or null.</param>
    /// <param name="timer">Gets the hop <c>llm-call</c>.</param>
    /// <param name="cancellationToken">Cancels the call: the caller went away.</param>
    /// <returns>Per text its vectors, one a chunk, or null where there was no time or the provider failed.</returns>
    internal async Task<IReadOnlyList<float[]>?[]> ForStoreAsync(
        Tenant tenant, VectorSpace space, IReadOnlyList<string> texts, Guid? keyId, OpTimer timer, CancellationToken cancellationToken)
    {
        var vectors = new IReadOnlyList<float[]>?[texts.Count];
        if (_options.StoreSeconds == 0)
            return vectors;
        try
        {
            using var embedder = await models.EmbedderForAsync(ContextOf(tenant, keyId, timer, _options.StoreSeconds), cancellationToken);
            if (embedder is not null && embedder.Space == space)
                await EmbedAsync(embedder, texts, vectors, cancellationToken);
        }
        catch (ProviderException e)
        {
            log.OwnVectorsNotMade(ProviderFaultKinds.NameOf(e.Fault.Kind), e.Fault.UpstreamStatus);
        }
        catch (EngramException e)
        {
            log.OwnVectorsNotMade(e.Kind.ToString(), null);
        }

        return vectors;
    }

    /// <summary>Fills in the vectors of texts, call by call; a text has all of its chunks' vectors or null.</summary>
    /// <exception cref="ProviderException">The provider failed; what it gave before is there.</exception>
    internal static async Task EmbedAsync(
        TenantEmbedder embedder, IReadOnlyList<string> texts, IReadOnlyList<float[]>?[] vectors, CancellationToken cancellationToken)
    {
        var chunks = new List<string>();
        var ends = new int[texts.Count];
        for (var i = 0; i < texts.Count; i++)
        {
            chunks.AddRange(Chunks(texts[i]));
            ends[i] = chunks.Count;
        }

        var made = new List<float[]>(chunks.Count);
        var text = 0;
        foreach (var call in embedder.Calls(chunks))
        {
            made.AddRange(await embedder.EmbedAsync(chunks[call], cancellationToken));
            for (; text < texts.Count && ends[text] <= made.Count; text++)
            {
                var start = text == 0 ? 0 : ends[text - 1];
                vectors[text] = made[start..ends[text]];
            }
        }
    }

    /// <summary>The vector of a query.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="space">The space the buckets are searched in.</param>
    /// <param name="query">The query; of a long one its beginning, as the local encoder does it.</param>
    /// <param name="keyId">The key that asks, or null.</param>
    /// <param name="timer">Gets the hop <c>llm-call</c>.</param>
    /// <param name="cancellationToken">Cancels the call: the caller went away.</param>
    /// <returns>The vector, or why there is none; neither where the tenant's model is another by now.</returns>
    internal async Task<(float[]? Vector, string? Why)> ForQueryAsync(
        Tenant tenant, string space, string query, Guid? keyId, OpTimer timer, CancellationToken cancellationToken)
    {
        // Two tenants may have the same space; whose key paid for a vector is nobody else's business, not even by how fast it comes.
        var scope = $"{tenant.Id:N}/{space}";
        if (_queries.Find(scope, query) is { } known)
            return (known, null);
        try
        {
            using var embedder = await models.EmbedderForAsync(ContextOf(tenant, keyId, timer, _options.QuerySeconds), cancellationToken);
            if (embedder is null || embedder.Space.Id != space)
                return (null, null);
            var vector = (await embedder.EmbedAsync([Chunks(query)[0]], cancellationToken))[0];
            _queries.Add(scope, query, vector);
            return (vector, null);
        }
        catch (ProviderException e)
        {
            log.OwnVectorsNotMade(ProviderFaultKinds.NameOf(e.Fault.Kind), e.Fault.UpstreamStatus);
            return (null, $"{ProviderFaultWords.Sentence(e.Fault)} {e.Fault.Hint}");
        }
        catch (EngramException e)
        {
            return (null, e.Message);
        }
    }

    private LlmContext ContextOf(Tenant tenant, Guid? keyId, OpTimer timer, double seconds) =>
        new(tenant, timer.RequestId, timer.Operation ?? "embed", ModelRole.Embed)
        {
            KeyId = keyId,
            Timer = timer,
            Deadline = time.GetUtcNow() + TimeSpan.FromSeconds(seconds),
        };
}
