using System.Globalization;

namespace Engram.Engine.Embeddings;

/// <summary>
/// Cuts a text into chunks that fit into one vector each: whole sentences as long as they fit together, a longer sentence at
/// word borders, a longer word between characters. Every character but the white space between chunks is in exactly one
/// chunk, in order. Safe for all threads.
/// </summary>
public sealed class TextChunker
{
    private const int LongestPiece = 16;
    private const int LongestCharacter = 64;

    private readonly ITextTokenizer _tokenizer;

    internal TextChunker(ITextTokenizer tokenizer) => _tokenizer = tokenizer;

    /// <summary>How many tokens the whole text has for the model, its special tokens included.</summary>
    public int CountTokens(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _tokenizer.Count(text);
    }

    /// <summary>The chunks of the text; a text that fits is its only chunk, unchanged. None for an empty text.</summary>
    public IReadOnlyList<string> Split(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length == 0)
        {
            return [];
        }

        if (Fits(text))
        {
            return [text];
        }

        var chunks = new List<string>();
        var start = 0;
        while (start < text.Length)
        {
            var end = ChunkEnd(text, start);
            var chunk = text.AsSpan(start, end - start).Trim();
            if (!chunk.IsEmpty)
            {
                chunks.Add(chunk.ToString());
            }

            start = end;
        }

        // Nothing but white space, and more of it than fits.
        return chunks.Count > 0 ? chunks : [text[..1]];
    }

    /// <summary>The text's sentences, trimmed; a text without an end of sentence is its only one.</summary>
    internal static IEnumerable<string> Sentences(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var end = SentenceEnd(text, start, text.Length);
            var sentence = text[start..end].Trim();
            if (sentence.Length > 0)
                yield return sentence;
            start = end;
        }
    }

    /// <summary>The end of the longest run of whole sentences that fits, else of words, else of characters.</summary>
    private int ChunkEnd(string text, int start)
    {
        // Beyond this no chunk goes, whatever its tokens: the work per chunk stays the same however long the text is.
        var limit = Math.Min(text.Length, start + (_tokenizer.MaxTokens * LongestPiece));
        var best = LongestPrefix(text, start, SentenceEnds(text, start, limit));

        if (best == text.Length || (best > start && !text.AsSpan(start, best - start).IsWhiteSpace()))
        {
            return best;
        }

        var words = LongestPrefix(text, start, WordEnds(text, start, limit));
        return words > start ? words : LongestPrefix(text, start, CharacterEnds(text, start, limit), atLeastFirst: true);
    }

    /// <summary>Binary search: a prefix of a text that fits nearly always fits, and the last steps check what is returned.</summary>
    private int LongestPrefix(string text, int start, List<int> ends, bool atLeastFirst = false)
    {
        int low = 0, high = ends.Count;
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Fits(text, start, ends[middle]))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low > 0 ? ends[low - 1] : atLeastFirst ? ends[0] : start;
    }

    private bool Fits(string text, int start, int end) => Fits(text.AsSpan(start, end - start).Trim().ToString());

    private bool Fits(string text) => _tokenizer.Count(text) <= _tokenizer.MaxTokens;

    /// <summary>
    /// The position after the sentence at <paramref name="start"/> and the white space behind it; <paramref name="start"/> when
    /// it does not end before <paramref name="limit"/>. A sentence ends at a line end, or at . ! ? … (closing quotes and
    /// brackets included) before white space, or at their CJK forms, or with the text.
    /// </summary>
    private static int SentenceEnd(string text, int start, int limit)
    {
        for (var index = start; index < limit; index++)
        {
            if (text[index] is '\n' || (text[index] is '。' or '！' or '？' && !IsCloser(text, index + 1)))
            {
                return SkipSpace(text, index + 1);
            }

            if (text[index] is '.' or '!' or '?' or '…')
            {
                var after = index + 1;
                while (after < limit && IsCloser(text, after))
                {
                    after++;
                }

                if (after == text.Length || char.IsWhiteSpace(text[after]))
                {
                    return SkipSpace(text, after);
                }

                index = after - 1;
            }
        }

        return limit == text.Length ? limit : start;
    }

    private static List<int> SentenceEnds(string text, int start, int limit)
    {
        var ends = new List<int>();
        for (var (last, end) = (start, SentenceEnd(text, start, limit)); end > last; (last, end) = (end, SentenceEnd(text, end, limit)))
        {
            ends.Add(end);
        }

        return ends;
    }

    private static bool IsCloser(string text, int index) =>
        index < text.Length && text[index] is '"' or '\'' or ')' or ']' or '”' or '’' or '»' or '」' or '』' or '）' or '.' or '!' or '?' or '…';

    private static int SkipSpace(string text, int index)
    {
        while (index < text.Length && char.IsWhiteSpace(text[index]))
        {
            index++;
        }

        return index;
    }

    private static List<int> WordEnds(string text, int start, int limit)
    {
        var ends = new List<int>();
        for (var index = start + 1; index <= limit; index++)
        {
            if (index == text.Length || (char.IsWhiteSpace(text[index]) && !char.IsWhiteSpace(text[index - 1])))
            {
                ends.Add(index);
            }
        }

        // A window of nothing but white space is a chunk too: its trimmed text is empty and dropped.
        return ends.Count == 0 && text.AsSpan(start, limit - start).IsWhiteSpace() ? [limit] : ends;
    }

    /// <summary>Ends of user-perceived characters, so that no surrogate pair and no usual combining sequence is torn apart.</summary>
    private static List<int> CharacterEnds(string text, int start, int limit)
    {
        var ends = new List<int>();
        for (var index = start; index < limit;)
        {
            index += StringInfo.GetNextTextElementLength(text.AsSpan(index, Math.Min(LongestCharacter, text.Length - index)));
            if (index < text.Length && char.IsSurrogatePair(text[index - 1], text[index]))
            {
                index++;
            }

            ends.Add(index);
        }

        return ends;
    }
}
