using System.Numerics.Tensors;
using System.Text;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>A tenant's own embedding model, ready to be called: bounded, recorded, failing with <see cref="ProviderException"/> only.</summary>
public sealed class TenantEmbedder : IDisposable
{
    // Of texts of 1,500 bytes: far below the 16,000 tokens a call that the strictest provider takes.
    private const int MaxBytesOfCall = 32_000;

    private readonly IEmbeddingGenerator<string, Embedding<float>> _generator;
    private readonly int _mostTexts;

    internal TenantEmbedder(IEmbeddingGenerator<string, Embedding<float>> generator, ProviderEntry provider, string model, VectorSpace space) =>
        (_generator, _mostTexts, Provider, Model, Space) = (generator, provider.EmbeddingBatch, provider.Id, model, space);

    /// <summary>Catalogue id.</summary>
    public string Provider { get; }

    /// <summary>The model it asks.</summary>
    public string Model { get; }

    /// <summary>What its vectors are.</summary>
    public VectorSpace Space { get; }

    /// <summary>The vectors of some texts, of length 1, by one call.</summary>
    /// <param name="texts">As many as <see cref="Calls"/> says.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ProviderException">The provider failed.</exception>
    public async Task<IReadOnlyList<float[]>> EmbedAsync(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        var replies = await _generator.GenerateAsync(texts, cancellationToken: cancellationToken);
        return [.. replies.Select(reply => Unit(reply.Vector.ToArray()))];
    }

    /// <summary>Cuts texts into runs that one call takes.</summary>
    /// <param name="texts">Any number of texts.</param>
    public IEnumerable<Range> Calls(IReadOnlyList<string> texts)
    {
        ArgumentNullException.ThrowIfNull(texts);
        return Cut(texts);
    }

    /// <inheritdoc/>
    public void Dispose() => _generator.Dispose();

    private IEnumerable<Range> Cut(IReadOnlyList<string> texts)
    {
        var (start, bytes) = (0, 0);
        for (var i = 0; i < texts.Count; i++)
        {
            var size = Encoding.UTF8.GetByteCount(texts[i]);
            if (i > start && (i - start == _mostTexts || bytes + size > MaxBytesOfCall))
            {
                yield return start..i;
                (start, bytes) = (i, 0);
            }

            bytes += size;
        }

        if (start < texts.Count)
            yield return start..texts.Count;
    }

    private static float[] Unit(float[] vector)
    {
        TensorPrimitives.Divide(vector, TensorPrimitives.Norm<float>(vector), vector);
        return vector;
    }
}
