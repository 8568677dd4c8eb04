using System.Buffers;
using System.Globalization;
using System.Text;

namespace Engram.Engine.Embeddings;

/// <summary>
/// The unigram tokenizer of the Universal Sentence Encoder lite: the most likely segmentation by Viterbi
/// (Kudo 2018, "Subword Regularization", section 3.2), with every quirk of the published JavaScript port, since the model
/// is only right for the ids that port gives.
/// </summary>
internal sealed class SentencePieceTokenizer : ITextTokenizer
{
    private const char Separator = '\u2581';
    private const int UnknownId = 0;
    private const int ReservedIds = 6;
    private const int StackLimit = 512;

    private readonly double[] _scores;
    private readonly short[] _lengths;
    private readonly PieceTrie _trie;

    private SentencePieceTokenizer(string[] pieces, double[] scores, int maxTokens)
    {
        _scores = scores;
        _lengths = Array.ConvertAll(pieces, piece => (short)piece.Length);
        // Any id that is not a piece of its own steps back one unit, as the reference's unknown piece does.
        _lengths[UnknownId] = 1;
        _trie = new PieceTrie(pieces, ReservedIds);
        MaxTokens = maxTokens;
    }

    public int MaxTokens { get; }

    /// <summary>Reads a vocabulary file: line number = id, each line <c>score TAB piece</c>.</summary>
    /// <exception cref="EmbeddingModelException">A line has another form.</exception>
    public static SentencePieceTokenizer Load(string file, int maxTokens)
    {
        var pieces = new List<string>(8000);
        var scores = new List<double>(8000);
        foreach (var line in File.ReadLines(file, Encoding.UTF8))
        {
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            if (tab < 0 || !double.TryParse(line.AsSpan(0, tab), CultureInfo.InvariantCulture, out var score))
            {
                throw new EmbeddingModelException($"{file}, line {pieces.Count + 1}: expected a score, a tab and a piece.");
            }

            scores.Add(score);
            pieces.Add(line[(tab + 1)..]);
        }

        if (pieces.Count <= ReservedIds)
        {
            throw new EmbeddingModelException($"{file} holds no pieces.");
        }

        return new SentencePieceTokenizer([.. pieces], [.. scores], maxTokens);
    }

    public int Encode(string text, Span<long> ids) => Math.Min(Segment(text, ids).Ids, ids.Length);

    public int Count(string text) => Segment(text, default).Ids;

    public double KnownShare(string text)
    {
        var (_, characters, unknown) = Segment(text, default);
        return characters == 0 ? 0 : 1 - ((double)unknown / characters);
    }

    /// <summary>
    /// Writes the first ids, as many as there is room for, and returns how many the whole text has; besides, how many
    /// characters it has that are not white space, and how many of those are in no piece.
    /// </summary>
    private (int Ids, int Characters, int Unknown) Segment(string text, Span<long> ids)
    {
        var normalized = Normalize(text);
        if (normalized.Length == 0)
        {
            return default;
        }

        var length = normalized.Length + 1;
        char[]? rentedUnits = null;
        int[]? rentedWords = null;
        double[]? rentedBest = null;
        var units = length <= StackLimit ? stackalloc char[length] : (rentedUnits = ArrayPool<char>.Shared.Rent(length)).AsSpan(0, length);
        var words = length < StackLimit ? stackalloc int[length + 1] : (rentedWords = ArrayPool<int>.Shared.Rent(length + 1)).AsSpan(0, length + 1);
        var best = length < StackLimit ? stackalloc double[length + 1] : (rentedBest = ArrayPool<double>.Shared.Rent(length + 1)).AsSpan(0, length + 1);
        try
        {
            units[0] = Separator;
            normalized.AsSpan().Replace(units[1..], ' ', Separator);
            words.Clear();
            best.Clear();
            Forward(units, words, best);
            var (count, unknown) = Backtrack(words);
            var first = words.Slice(words.Length - count, Math.Min(count, ids.Length));
            for (var index = 0; index < first.Length; index++)
            {
                ids[index] = first[index];
            }

            return (count, length - units.Count(Separator), unknown);
        }
        finally
        {
            Return(rentedUnits);
            Return(rentedWords);
            Return(rentedBest);
        }
    }

    private static void Return<T>(T[]? rented)
    {
        if (rented is not null)
        {
            ArrayPool<T>.Shared.Return(rented);
        }
    }

    /// <summary>
    /// Relaxes every piece from every start. A best score of 0 means "not reached", and starts that no path reaches are
    /// relaxed all the same: both are the reference's behaviour, and both show in its ids.
    /// </summary>
    private void Forward(ReadOnlySpan<char> units, Span<int> words, Span<double> best)
    {
        for (var start = 0; start < units.Length; start++)
        {
            var matched = false;
            var node = PieceTrie.Root;
            for (var end = start; end < units.Length; end++)
            {
                node = _trie.Child(node, units[end]);
                if (node < 0)
                {
                    break;
                }

                var id = _trie.PieceAt(node);
                if (id >= 0)
                {
                    matched = true;
                    Relax(words, best, end + 1, best[start] + _scores[id], id);
                }
            }

            if (!matched)
            {
                Relax(words, best, start + 1, best[start], UnknownId);
            }
        }
    }

    private static void Relax(Span<int> words, Span<double> best, int end, double score, int id)
    {
        if (best[end] == 0 || score >= best[end])
        {
            best[end] = score;
            words[end] = id;
        }
    }

    /// <summary>Follows the path back, collapses runs of unknowns, and leaves the ids at the end of <paramref name="words"/>.</summary>
    private (int Count, int Unknown) Backtrack(Span<int> words)
    {
        // The writer never overtakes the reader: a step back covers at least one position.
        var write = words.Length;
        var unknown = 0;
        var previousUnknown = false;
        for (var position = words.Length - 1; position > 0;)
        {
            var id = words[position];
            position -= _lengths[id];
            if (!(previousUnknown && id == UnknownId))
            {
                words[--write] = id;
            }

            previousUnknown = id == UnknownId;
            unknown += previousUnknown ? 1 : 0;
        }

        return (words.Length - write, unknown);
    }

    /// <summary>Unicode NFKC. A lone surrogate has no normal form; like any other character without a piece it becomes unknown.</summary>
    private static string Normalize(string text)
    {
        if (Ascii.IsValid(text))
        {
            return text;
        }

        var wellFormed = text;
        for (var index = 0; index < text.Length; index++)
        {
            if (!char.IsSurrogate(text[index]))
            {
                continue;
            }

            if (index + 1 < text.Length && char.IsSurrogatePair(text[index], text[index + 1]))
            {
                index++;
                continue;
            }

            wellFormed = ReplaceLoneSurrogates(text);
            break;
        }

        return wellFormed.Normalize(NormalizationForm.FormKC);
    }

    private static string ReplaceLoneSurrogates(string text)
    {
        var builder = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            builder.Append(rune);
        }

        return builder.ToString();
    }
}
