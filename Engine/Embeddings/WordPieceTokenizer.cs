using System.Globalization;
using System.Text;

namespace Engram.Engine.Embeddings;

/// <summary>
/// The tokenizer of the BERT family: clean, split at spaces, punctuation and CJK ideographs, lower-case and strip accents when
/// the model is uncased, then cut each word greedily into the longest pieces of the vocabulary, with [CLS] and [SEP] around
/// (Devlin et al. 2018, tokenization of the published implementation).
/// </summary>
internal sealed class WordPieceTokenizer : ITextTokenizer
{
    private const int LongestWord = 100;
    private const string Continuation = "##";

    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _pieces;
    private readonly bool _lowerCase;
    private readonly int _cls;
    private readonly int _sep;
    private readonly int _unknown;

    public WordPieceTokenizer(IReadOnlyList<string> vocabulary, bool lowerCase, int maxTokens)
    {
        var pieces = new Dictionary<string, int>(vocabulary.Count, StringComparer.Ordinal);
        for (var id = 0; id < vocabulary.Count; id++)
        {
            pieces[vocabulary[id]] = id;
        }

        _pieces = pieces.GetAlternateLookup<ReadOnlySpan<char>>();
        _lowerCase = lowerCase;
        _cls = Special(pieces, "[CLS]");
        _sep = Special(pieces, "[SEP]");
        _unknown = Special(pieces, "[UNK]");
        MaxTokens = maxTokens;
    }

    public int MaxTokens { get; }

    /// <summary>Reads <c>vocab.txt</c>: one piece per line, line number = id.</summary>
    public static WordPieceTokenizer Load(string file, bool lowerCase, int maxTokens) =>
        new(File.ReadAllLines(file, Encoding.UTF8), lowerCase, maxTokens);

    public int Encode(string text, Span<long> ids)
    {
        var writer = new IdWriter(ids[..^1]);
        writer.Add(_cls);
        WritePieces(text, ref writer);
        var count = Math.Min(writer.Count, ids.Length - 1);
        ids[count] = _sep;
        return count + 1;
    }

    public int Count(string text)
    {
        var writer = new IdWriter(default);
        WritePieces(text, ref writer);
        return writer.Count + 2;
    }

    public double KnownShare(string text)
    {
        var words = Prepare(text).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Span<long> first = stackalloc long[1];
        var (characters, unknown) = (0, 0);
        foreach (var word in words)
        {
            var writer = new IdWriter(first);
            WriteWord(word, ref writer);
            characters += word.Length;
            unknown += first[0] == _unknown ? word.Length : 0;
        }

        return characters == 0 ? 0 : 1 - ((double)unknown / characters);
    }

    private static int Special(Dictionary<string, int> pieces, string token) =>
        pieces.TryGetValue(token, out var id)
            ? id
            : throw new EmbeddingModelException($"vocab.txt has no line '{token}': it is not the vocabulary of a BERT model.");

    private void WritePieces(string text, ref IdWriter writer)
    {
        var words = Prepare(text);
        foreach (var range in words.AsSpan().Split(' '))
        {
            var word = words.AsSpan()[range];
            if (!word.IsEmpty)
            {
                WriteWord(word, ref writer);
            }
        }
    }

    private void WriteWord(ReadOnlySpan<char> word, ref IdWriter writer)
    {
        if (CountRunes(word) > LongestWord)
        {
            writer.Add(_unknown);
            return;
        }

        var mark = writer.Count;
        Span<char> piece = stackalloc char[Continuation.Length + word.Length];
        Continuation.CopyTo(piece);
        for (var start = 0; start < word.Length;)
        {
            var (length, id) = LongestPiece(word[start..], start > 0, piece);
            if (length == 0)
            {
                // One unknown part makes the whole word unknown.
                writer.Rewind(mark);
                writer.Add(_unknown);
                return;
            }

            writer.Add(id);
            start += length;
        }
    }

    private (int Length, int Id) LongestPiece(ReadOnlySpan<char> rest, bool continues, Span<char> buffer)
    {
        rest.CopyTo(buffer[Continuation.Length..]);
        var from = continues ? 0 : Continuation.Length;
        for (var length = rest.Length; length > 0; length--)
        {
            if (_pieces.TryGetValue(buffer[from..(Continuation.Length + length)], out var id))
            {
                return (length, id);
            }
        }

        return default;
    }

    private static int CountRunes(ReadOnlySpan<char> word)
    {
        var count = 0;
        foreach (var _ in word.EnumerateRunes())
        {
            count++;
        }

        return count;
    }

    /// <summary>The text with exactly the word borders marked by spaces.</summary>
    private string Prepare(string text)
    {
        var cleaned = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is 0 or 0xFFFD || IsControl(rune))
            {
                continue;
            }

            Append(cleaned, rune, isWord: IsIdeograph(rune.Value), isSpace: IsSpace(rune));
        }

        var folded = _lowerCase ? Fold(cleaned.ToString()) : cleaned.ToString();
        var split = new StringBuilder(folded.Length + 16);
        foreach (var rune in folded.EnumerateRunes())
        {
            Append(split, rune, isWord: IsPunctuation(rune), isSpace: false);
        }

        return split.ToString();
    }

    private static void Append(StringBuilder target, Rune rune, bool isWord, bool isSpace)
    {
        if (isSpace)
        {
            target.Append(' ');
        }
        else if (isWord)
        {
            target.Append(' ').Append(rune).Append(' ');
        }
        else
        {
            target.Append(rune);
        }
    }

    /// <summary>Lower case without accents: decomposed, marks dropped.</summary>
    private static string Fold(string text)
    {
        var decomposed = text.Normalize(NormalizationForm.FormD);
        var result = new StringBuilder(decomposed.Length);
        foreach (var rune in decomposed.EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
            {
                result.Append(rune);
            }
        }

        return result.ToString().ToLowerInvariant();
    }

    private static bool IsSpace(Rune rune) =>
        rune.Value is ' ' or '\t' or '\n' or '\r' || Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator;

    /// <summary>Not the unassigned code points: which those are depends on the Unicode version of the machine.</summary>
    private static bool IsControl(Rune rune) =>
        rune.Value is not ('\t' or '\n' or '\r')
        && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse;

    /// <summary>All ASCII that is neither letter nor digit nor space counts, unlike in Unicode ("$", "^", "`").</summary>
    private static bool IsPunctuation(Rune rune) =>
        rune.Value is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126) || Rune.IsPunctuation(rune);

    /// <summary>The blocks of Han ideographs only: Hangul, Hiragana and Katakana are written with spaces or are in the vocabulary.</summary>
    private static bool IsIdeograph(int codePoint) =>
        codePoint is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F)
            or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B820 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    /// <summary>Counts every id and keeps those that fit.</summary>
    private ref struct IdWriter(Span<long> target)
    {
        private readonly Span<long> _target = target;

        public int Count { get; private set; }

        public void Add(int id)
        {
            if (Count < _target.Length)
            {
                _target[Count] = id;
            }

            Count++;
        }

        public void Rewind(int count) => Count = count;
    }
}
