using System.Collections.Concurrent;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Embeddings;

/// <summary>
/// The local sentence encoder: text to a vector of length 1, on this machine's processor. Deterministic: one text has one
/// vector, whatever else is encoded at the same time, except through <see cref="EmbedBatched"/>. Safe for all threads.
/// </summary>
public sealed class OnnxEmbedder : IEmbeddingGenerator<string, Embedding<float>>
{
    private const int MinBatchTokens = 1024;
    private const string Sentinel = "The quick brown fox jumps over the lazy dog.";

    private readonly EmbeddingModel _model;
    private readonly EncoderSession _encoder;
    private readonly EncoderLane[] _lanes;
    private readonly ConcurrentBag<EncoderLane> _free;
    private readonly SemaphoreSlim _gate;
    private readonly EmbeddingGeneratorMetadata _metadata;
    private readonly int _batchTokens;
    private int _disposed;

    /// <summary>Loads the model; some 50 ms for the built-in one.</summary>
    /// <exception cref="EmbeddingModelException">A file of the model is missing, or it is not a sentence encoder.</exception>
    public OnnxEmbedder(EmbeddingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _model = EmbeddingModel.Find(options.Model);
        _encoder = EncoderSession.Load(_model.File, options.Threads);
        _batchTokens = Math.Max(MinBatchTokens, _model.Tokenizer.MaxTokens);
        var concurrency = options.MaxConcurrency == 0 ? Environment.ProcessorCount : options.MaxConcurrency;
        _gate = new SemaphoreSlim(concurrency, concurrency);
        _lanes = new EncoderLane[concurrency];
        for (var lane = 0; lane < concurrency; lane++)
        {
            _lanes[lane] = new EncoderLane(_encoder, _model.Pooling, _model.Tokenizer.MaxTokens, _batchTokens);
        }

        _free = [.. _lanes];
        Cache = new EmbeddingCache(options.CacheSize);
        Chunker = new TextChunker(_model.Tokenizer);
        _metadata = new EmbeddingGeneratorMetadata("engram", providerUri: null, ModelId, Dimensions);
    }

    /// <summary>Names the model; stored with every vector, because vectors of two models must never be compared.</summary>
    public string ModelId => _model.Id;

    /// <summary>Length of every vector: 512 for the built-in model.</summary>
    public int Dimensions => _encoder.Dimensions;

    /// <summary>The most tokens one vector can stand for; what comes after them in a text is not in its vector.</summary>
    public int MaxTokens => _model.Tokenizer.MaxTokens;

    /// <summary>Cuts texts into pieces that fit into one vector each.</summary>
    public TextChunker Chunker { get; }

    /// <summary>The vectors held in memory, and how often that helped.</summary>
    public EmbeddingCache Cache { get; }

    /// <summary>The vector of one text, L2-normalised. Waits when all lanes are busy.</summary>
    /// <param name="text">Not empty; what is beyond <see cref="MaxTokens"/> is left out.</param>
    /// <param name="cancellationToken">Cancels the waiting.</param>
    /// <exception cref="ArgumentException">The text is empty.</exception>
    public float[] Embed(string text, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (Cache.Find(ModelId, text) is { } known)
        {
            return known;
        }

        _gate.Wait(cancellationToken);
        return EmbedInLane(text);
    }

    /// <summary>The same as <see cref="Embed(string, CancellationToken)"/>, waiting without a thread.</summary>
    /// <exception cref="ArgumentException">The text is empty.</exception>
    public async ValueTask<float[]> EmbedAsync(string text, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (Cache.Find(ModelId, text) is { } known)
        {
            return known;
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        return EmbedInLane(text);
    }

    /// <summary>The vector of each text, each encoded by itself: the same vectors as one call per text.</summary>
    /// <inheritdoc cref="Embed(string, CancellationToken)"/>
    public float[][] Embed(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var vectors = new float[texts.Count][];
        for (var index = 0; index < vectors.Length; index++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            vectors[index] = Embed(texts[index], cancellationToken);
        }

        return vectors;
    }

    /// <summary>
    /// The vector of each text, encoded in batches of similar length. With 8-bit weights the vectors depend slightly on what
    /// shares the batch (cosine about 0.999), so this is for throw-away comparisons; stored vectors come from
    /// <see cref="Embed(IReadOnlyList{string}, CancellationToken)"/>. The cache is left alone for the same reason.
    /// </summary>
    /// <param name="texts">Texts, none empty.</param>
    /// <param name="cancellationToken">Looked at between the batches.</param>
    public float[][] EmbedBatched(IReadOnlyList<string> texts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var plan = new BatchPlan(texts, _model.Tokenizer, _batchTokens);
        var vectors = new float[texts.Count][];
        foreach (var batch in plan.Batches())
        {
            _gate.Wait(cancellationToken);
            var lane = TakeLane();
            try
            {
                plan.Run(batch, lane, Dimensions, vectors);
            }
            finally
            {
                GiveBack(lane);
            }
        }

        return vectors;
    }

    /// <summary>
    /// The share, 0 to 1, of the text's characters that the model has tokens for. The vector of a text in a script the model
    /// does not know says nothing: with the built-in English model all Chinese texts have the same one, which makes them
    /// neither duplicates of each other nor answers. Some microseconds; no run of the model.
    /// </summary>
    public double KnownShare(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _model.Tokenizer.KnownShare(text);
    }

    /// <summary>Encodes a few sentences so that the first caller does not pay for lazy initialisation.</summary>
    public void Warm()
    {
        Span<float> vector = new float[Dimensions];
        _gate.Wait();
        var lane = TakeLane();
        try
        {
            for (var round = 0; round < 8; round++)
            {
                lane.RunSingle(_model.Tokenizer.Encode(Sentinel, lane.Ids[..MaxTokens]), vector);
            }
        }
        finally
        {
            GiveBack(lane);
        }
    }

    /// <summary>The same as <see cref="Embed(IReadOnlyList{string}, CancellationToken)"/>, waiting without a thread.</summary>
    /// <exception cref="ArgumentException">A text is empty, or the options ask for another model or size.</exception>
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        if ((options?.Dimensions ?? Dimensions) != Dimensions || (options?.ModelId ?? ModelId) != ModelId)
        {
            throw new ArgumentException($"This generator is {ModelId} with {Dimensions} dimensions and cannot be another.", nameof(options));
        }

        var result = new GeneratedEmbeddings<Embedding<float>>();
        foreach (var text in values)
        {
            ArgumentException.ThrowIfNullOrEmpty(text, nameof(values));
            cancellationToken.ThrowIfCancellationRequested();
            result.Add(new Embedding<float>(await EmbedAsync(text, cancellationToken).ConfigureAwait(false)) { ModelId = ModelId });
        }

        return result;
    }

    /// <inheritdoc />
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? _metadata
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    /// <summary>Waits for the runs under way and frees the model. Later calls throw <see cref="ObjectDisposedException"/>.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        for (var lane = 0; lane < _lanes.Length; lane++)
        {
            _gate.Wait();
        }

        foreach (var lane in _lanes)
        {
            lane.Dispose();
        }

        _encoder.Dispose();
        // Whoever waited meanwhile finds the embedder disposed.
        _gate.Release(_lanes.Length);
    }

    /// <summary>Encodes under a permit of the gate that the caller took.</summary>
    private float[] EmbedInLane(string text)
    {
        var lane = TakeLane();
        try
        {
            var vector = new float[Dimensions];
            lane.RunSingle(_model.Tokenizer.Encode(text, lane.Ids[..MaxTokens]), vector);
            Cache.Add(ModelId, text, vector);
            return vector;
        }
        finally
        {
            GiveBack(lane);
        }
    }

    private EncoderLane TakeLane()
    {
        if (Volatile.Read(ref _disposed) != 0)
        {
            _gate.Release();
            ObjectDisposedException.ThrowIf(true, this);
        }

        return _free.TryTake(out var lane) ? lane : throw new InvalidOperationException("A permit without a lane.");
    }

    private void GiveBack(EncoderLane lane)
    {
        _free.Add(lane);
        _gate.Release();
    }
}
