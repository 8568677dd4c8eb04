using System.Collections.Frozen;

namespace Engram.Engine.Extraction.Rules;

/// <summary>Is a text worth reading with English rules? Cheap and coarse: mostly Latin letters, and the usual share of English function words.</summary>
internal static class LanguageGate
{
    private const int Sample = 4000;

    // Words that are frequent in English and not words of its neighbours ("in", "was", "an", "die", "me" are left out).
    private static readonly FrozenSet<string> English = FrozenSet.ToFrozenSet(
        ["the", "and", "of", "to", "is", "i", "my", "for", "with", "it", "that", "you", "he", "she", "they", "are", "has", "have", "his", "her", "at", "by", "from",
         "be", "this", "on", "not", "we", "were", "been", "which", "who", "as", "do", "did", "but", "a", "lives", "likes", "works", "'s", "n't", "its", "their", "i'm"]);

    // The commonest function words of other languages in Latin script; two of them outweigh chance.
    private static readonly FrozenSet<string> Foreign = FrozenSet.ToFrozenSet(
        ["der", "das", "und", "ist", "nicht", "ich", "ein", "eine", "mit", "auf", "für", "von", "zu", "le", "les", "des", "est", "une", "et", "dans", "je", "que", "pour",
         "el", "los", "las", "una", "es", "por", "con", "il", "che", "di", "della", "sono", "per", "o", "os", "em", "não", "uma", "het", "een", "niet", "ik", "och", "att",
         "är", "jag", "og", "jeg", "det", "på", "w", "nie", "jest", "się", "na", "mi", "en", "la", "de", "du", "wir", "sie", "y", "yo", "wohne", "vive"]);

    public static bool IsEnglish(string text, string language)
    {
        if (language.Length > 0 && !language.StartsWith("en", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        var (latin, letters) = (0, 0);
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, Sample)))
        {
            if (char.IsLetter(c))
            {
                letters++;
                latin += c < '\u0250' ? 1 : 0;
            }
        }

        return letters > 0 && latin * 10 >= letters * 8 && !LooksForeign(text);
    }

    private static bool LooksForeign(string text)
    {
        var (english, foreign, position, end) = (0, 0, 0, Math.Min(text.Length, Sample));
        while (position < end)
        {
            if (!char.IsLetter(text[position]))
            {
                position++;
                continue;
            }

            var start = position;
            var stop = Math.Min(end, start + 64);
            while (position < stop && char.IsLetter(text[position]))
            {
                position++;
            }

            // Names carry foreign particles ("Rio de Janeiro", "La Paz"), so only lower-case words count as foreign.
            var word = text[start..position];
            english += English.Contains(word.ToLowerInvariant()) ? 1 : 0;
            foreign += Foreign.Contains(word) ? 1 : 0;
        }

        return foreign > english;
    }
}
