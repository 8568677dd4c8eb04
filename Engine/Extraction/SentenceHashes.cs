using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Engram.Engine.Extraction;

/// <summary>
/// A text's sentences as hashes that survive what an agent does when it copies: list marks, numbering, citations, case, white space and
/// surrounding punctuation do not count.
/// </summary>
internal static partial class SentenceHashes
{
    /// <summary>Shorter sentences ("Yes.", "I see.") are anybody's.</summary>
    private const int ShortestCharacters = 12;

    /// <summary>Sentences of a text that have something to compare.</summary>
    public static IEnumerable<(int Start, int Length, long Hash)> Of(string text)
    {
        foreach (Match sentence in Sentence().Matches(text))
        {
            if (HashOf(sentence.Value) is { } hash)
                yield return (sentence.Index, sentence.Length, hash);
        }
    }

    private static long? HashOf(string sentence)
    {
        var bare = Decoration().Replace(sentence, " ").Normalize(NormalizationForm.FormKC).ToLowerInvariant();
        var words = new StringBuilder(bare.Length);
        foreach (var c in bare)
        {
            if (char.IsLetterOrDigit(c) || char.IsSurrogate(c) || char.GetUnicodeCategory(c) is System.Globalization.UnicodeCategory.NonSpacingMark)
                words.Append(c);
            else if (words.Length > 0 && words[^1] != ' ')
                words.Append(' ');
        }

        var text = words.ToString().TrimEnd();
        // What no letter is left of, or too little, proves nothing. Ideographs say more with less.
        if (text.Sum(c => c > '\u2e7f' ? 3 : 1) < ShortestCharacters)
            return null;
        return BinaryPrimitives.ReadInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    [GeneratedRegex(@"[^.!?…。！？\n]+(?:[.!?…](?=\S)[^.!?…。！？\n]+)*[.!?…。！？]*")]
    private static partial Regex Sentence();

    // A list mark or number at the head; a citation anywhere.
    [GeneratedRegex(@"^\s*(?:[-*•>]+|\(?\d{1,3}[.):])\s+|\[[0-9a-fA-F-]{1,36}(?:\s*,\s*[0-9a-fA-F-]{1,36})*\]")]
    private static partial Regex Decoration();
}
