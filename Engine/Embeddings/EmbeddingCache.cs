using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Engram.Engine.Embeddings;

/// <summary>
/// Vectors of texts seen before, by the SHA-256 of model and text: the text itself is not kept. Bounded by two generations
/// of half the capacity each; a full young generation replaces the old one, and a hit in the old one moves up. That keeps
/// what is used without a list to reorder under a lock. Safe for all threads.
/// </summary>
/// <param name="capacity">The most vectors kept; 0 keeps none.</param>
public sealed class EmbeddingCache(int capacity)
{
    private readonly int _generationSize = (capacity + 1) / 2;
    private readonly Lock _turn = new();
    private volatile ConcurrentDictionary<Key, float[]> _young = new();
    private volatile ConcurrentDictionary<Key, float[]> _old = new();
    private int _youngCount;
    private long _hits;
    private long _misses;

    /// <summary>Lookups that found a vector, since the start.</summary>
    public long Hits => Interlocked.Read(ref _hits);

    /// <summary>Lookups that found none, since the start.</summary>
    public long Misses => Interlocked.Read(ref _misses);

    /// <summary>Vectors held now; never more than the capacity, rounded up to an even number.</summary>
    public int Count => _young.Count + _old.Count;

    /// <summary>The vector of the text under the model, as a copy the caller may change; null when it is not held.</summary>
    public float[]? Find(string model, string text)
    {
        if (capacity == 0)
        {
            return null;
        }

        var key = Key.Of(model, text);
        if (_young.TryGetValue(key, out var vector))
        {
            Interlocked.Increment(ref _hits);
            return [.. vector];
        }

        if (_old.TryRemove(key, out vector))
        {
            Interlocked.Increment(ref _hits);
            AddYoung(key, vector);
            return [.. vector];
        }

        Interlocked.Increment(ref _misses);
        return null;
    }

    /// <summary>Keeps a copy of the vector.</summary>
    public void Add(string model, string text, ReadOnlySpan<float> vector)
    {
        if (capacity > 0)
        {
            AddYoung(Key.Of(model, text), vector.ToArray());
        }
    }

    private void AddYoung(Key key, float[] vector)
    {
        lock (_turn)
        {
            if (_young.TryAdd(key, vector) && ++_youngCount == _generationSize)
            {
                _old = _young;
                _young = new ConcurrentDictionary<Key, float[]>();
                _youngCount = 0;
            }
        }
    }

    private readonly record struct Key(ulong First, ulong Second, ulong Third, ulong Fourth)
    {
        public static Key Of(string model, string text)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(MemoryMarshal.AsBytes(model.AsSpan()));
            // A model id has no NUL, so the border is unambiguous.
            hash.AppendData([0, 0]);
            hash.AppendData(MemoryMarshal.AsBytes(text.AsSpan()));
            Span<ulong> parts = stackalloc ulong[4];
            hash.GetHashAndReset(MemoryMarshal.AsBytes(parts));
            return new Key(parts[0], parts[1], parts[2], parts[3]);
        }
    }
}
