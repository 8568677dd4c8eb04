using Microsoft.Extensions.AI;
using OpenAI.Embeddings;
using SdkOptions = OpenAI.Embeddings.EmbeddingGenerationOptions;

namespace Engram.Engine.Providers;

/// <summary>The official OpenAI SDK behind <c>IEmbeddingGenerator</c>, for providers that offer embeddings over its wire format.</summary>
internal sealed class OpenAiEmbeddingGenerator(EmbeddingClient sdk, string model, ProviderConnection connection, HttpClient http)
    : IEmbeddingGenerator<string, Embedding<float>>
{
    private readonly EmbeddingGeneratorMetadata _metadata = new(connection.Entry.Id, connection.BaseUrl, model);

    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, Microsoft.Extensions.AI.EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        string[] texts = [.. values];
        if (texts.Length == 0)
        {
            return [];
        }

        var reply = (await sdk.GenerateEmbeddingsAsync(texts, new SdkOptions { Dimensions = options?.Dimensions }, cancellationToken)).Value;
        var vectors = new Embedding<float>[texts.Length];
        foreach (var embedding in reply)
        {
            vectors[embedding.Index] = new Embedding<float>(embedding.ToFloats()) { ModelId = model };
        }

        return Array.Exists(vectors, vector => vector is null || vector.Vector.Length != vectors[0].Vector.Length)
            ? throw new InvalidDataException("The reply does not hold one vector of one length for each text.")
            : new GeneratedEmbeddings<Embedding<float>>(vectors)
            {
                Usage = new UsageDetails { InputTokenCount = reply.Usage.InputTokenCount, TotalTokenCount = reply.Usage.TotalTokenCount },
            };
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
        : serviceType.IsInstanceOfType(this) ? this
        : null;

    public void Dispose() => http.Dispose();
}
