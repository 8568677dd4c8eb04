namespace Engram.Engine.Embeddings;

/// <summary>
/// Texts sorted by length and cut into batches. Padding is work for nothing, so a batch holds texts of nearly one length, and
/// no more tokens than the buffers of a lane.
/// </summary>
internal sealed class BatchPlan
{
    /// <summary>The most texts in one batch.</summary>
    public const int MostRows = 16;

    private const double LongestToShortest = 1.25;

    private readonly long[][] _ids;
    private readonly int[] _order;
    private readonly int _batchTokens;

    public BatchPlan(IReadOnlyList<string> texts, ITextTokenizer tokenizer, int batchTokens)
    {
        _batchTokens = batchTokens;
        _ids = new long[texts.Count][];
        _order = new int[texts.Count];
        var buffer = new long[tokenizer.MaxTokens];
        for (var index = 0; index < texts.Count; index++)
        {
            ArgumentException.ThrowIfNullOrEmpty(texts[index], nameof(texts));
            _ids[index] = buffer[..tokenizer.Encode(texts[index], buffer)];
            _order[index] = index;
        }

        Array.Sort(_order, (left, right) => _ids[left].Length != _ids[right].Length
            ? _ids[left].Length.CompareTo(_ids[right].Length)
            : left.CompareTo(right));
    }

    /// <summary>Ranges of the sorted texts, shortest first.</summary>
    public IEnumerable<Range> Batches()
    {
        for (var start = 0; start < _order.Length;)
        {
            var shortest = _ids[_order[start]].Length;
            var end = start + 1;
            while (end < _order.Length && end - start < MostRows && Fits(end - start + 1, _ids[_order[end]].Length, shortest))
            {
                end++;
            }

            yield return start..end;
            start = end;
        }
    }

    /// <summary>Encodes one batch and puts each vector where its text stood.</summary>
    public void Run(Range batch, EncoderLane lane, int dimensions, float[][] vectors)
    {
        var members = _order.AsSpan(batch);
        var width = _ids[members[^1]].Length;
        Span<int> tokens = stackalloc int[members.Length];
        var rows = new float[members.Length][];
        for (var row = 0; row < members.Length; row++)
        {
            var ids = _ids[members[row]];
            var target = lane.Ids.Slice(row * width, width);
            ids.CopyTo(target);
            target[ids.Length..].Clear();
            tokens[row] = ids.Length;
            rows[row] = vectors[members[row]] = new float[dimensions];
        }

        lane.RunBatch(tokens, width, rows);
    }

    private bool Fits(int rows, int width, int shortest) => rows * width <= _batchTokens && width <= shortest * LongestToShortest;
}
