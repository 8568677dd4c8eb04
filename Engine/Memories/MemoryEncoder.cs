using Engram.Engine.Embeddings;

namespace Engram.Engine.Memories;

/// <summary>Checks memories and turns their text into vectors, outside any transaction.</summary>
/// <param name="embedder">The sentence encoder.</param>
public sealed class MemoryEncoder(OnnxEmbedder embedder)
{
    // Whole words of an unknown script leave no letters but digits and punctuation; emoji in an English text stay far above.
    private const double UnderstoodShare = 0.8;

    /// <summary>The model id stored with every vector.</summary>
    public string Model => embedder.ModelId;

    /// <summary>Wrong memories get an entry in <paramref name="failures"/>; the others are returned.</summary>
    internal async Task<List<PreparedMemory>> PrepareAsync(IReadOnlyList<NewMemory> memories, EngramException?[] failures, CancellationToken cancellationToken)
    {
        var prepared = new List<PreparedMemory>(memories.Count);
        for (var i = 0; i < memories.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                MemoryLimits.Check(memories[i]);
                var language = TextLanguage.Resolve(memories[i].Language);
                var (vectors, tokens) = await EncodeAsync(memories[i].Content, cancellationToken);
                prepared.Add(new PreparedMemory
                {
                    Index = i,
                    Id = Guid.CreateVersion7(),
                    Source = memories[i],
                    Hash = ContentHash.Of(memories[i]),
                    Language = language,
                    TokenCount = tokens,
                    Vectors = vectors,
                    IsUnderstood = embedder.KnownShare(memories[i].Content) >= UnderstoodShare,
                });
            }
            catch (EngramException e)
            {
                failures[i] = memories.Count == 1 ? e : new EngramException(e.Kind, e.Message, $"memories[{i}].{e.Field}");
            }
        }

        return prepared;
    }

    /// <summary>One unit vector per chunk. Singly, because a stored vector must not depend on what it was batched with.</summary>
    internal async Task<(IReadOnlyList<float[]> Vectors, int Tokens)> EncodeAsync(string text, CancellationToken cancellationToken)
    {
        var chunks = embedder.Chunker.Split(text);
        var vectors = new float[chunks.Count][];
        if (chunks.Count == 1)
        {
            vectors[0] = await embedder.EmbedAsync(chunks[0], cancellationToken);
        }
        else
        {
            // The chunks of one long text at once: an idle core is there more often than not, and the embedder bounds itself. One by one, not
            // in ranges: of two long chunks and a short rest a range would give one core both long ones.
            await Parallel.ForAsync(
                0, chunks.Count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken },
                async (i, ct) => vectors[i] = await embedder.EmbedAsync(chunks[i], ct));
        }

        return (vectors, embedder.Chunker.CountTokens(text));
    }
}
