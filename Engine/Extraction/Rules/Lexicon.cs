using System.Collections.Frozen;

namespace Engram.Engine.Extraction.Rules;

/// <summary>What a word may be. Closed classes, verbs and the awkward rest are read from the embedded lists; suffixes give the rest.</summary>
internal sealed class Lexicon
{
    private static readonly string[] AdjectiveSuffixes =
        ["able", "ible", "ous", "ful", "less", "ive", "ic", "al", "ical", "ary", "ent", "ant", "some", "iest"];

    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);
    private readonly FrozenDictionary<string, string> kinds;

    private Lexicon()
    {
        foreach (var (tag, words) in Tagged("closed"))
        {
            var closed = Enum.Parse<Tag>(tag);
            foreach (var word in words)
            {
                entries[word] = new Entry(WordClass.Closed, closed, null);
            }
        }

        foreach (var line in EmbeddedList.Lines("irregular"))
        {
            AddIrregular(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        foreach (var word in EmbeddedList.Words("verbs"))
        {
            var verb = word.TrimEnd('~', '^');
            Add(verb, verb, WordClass.Base | Marks(word));
            Add(English.ThirdPerson(verb), verb, WordClass.Third | (word.Contains('~') ? WordClass.Noun : 0));
            Add(English.Past(verb), verb, WordClass.Past | WordClass.Participle);
            Add(English.Ing(verb), verb, WordClass.Ing);
        }

        foreach (var word in EmbeddedList.Words("adjectives"))
        {
            Add(word, null, WordClass.Adjective);
        }

        foreach (var (_, words) in Tagged("nouns"))
        {
            foreach (var word in words)
            {
                Add(word, null, WordClass.Noun);
            }
        }

        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (kind, words) in Tagged("kinds"))
        {
            foreach (var word in words)
            {
                Add(word, null, WordClass.Noun);
                found.TryAdd(word, kind);
            }
        }

        kinds = found.ToFrozenDictionary(StringComparer.Ordinal);
    }

    public static Lexicon Instance { get; } = new();

    public readonly record struct Entry(WordClass Classes, Tag Closed, string? Lemma);

    public Entry Lookup(string lower)
    {
        if (entries.TryGetValue(lower, out var entry))
        {
            return entry;
        }

        var dash = lower.LastIndexOf('-');
        if (dash > 0 && dash < lower.Length - 1)
        {
            // "well-known", "three-year", "co-founded": what follows the hyphen decides, and "-based" never is a finite verb.
            var last = Lookup(lower[(dash + 1)..]);
            var isVerb = lower.StartsWith("co-", StringComparison.Ordinal) || lower.StartsWith("re-", StringComparison.Ordinal);
            return isVerb ? last with { Lemma = last.Lemma is null ? null : lower[..(dash + 1)] + last.Lemma }
                : (last.Classes & (WordClass.Participle | WordClass.Ing | WordClass.Adjective)) != 0
                    ? new Entry(WordClass.Adjective, Tag.Noun, null)
                    : new Entry(WordClass.Noun, Tag.Noun, null);
        }

        return new Entry(Guess(lower, out var lemma), Tag.Noun, lemma);
    }

    /// <summary>Kind of thing a head noun names, singular or plural: person, relation, place, organisation, animal; else null.</summary>
    public string? KindOf(string lower) =>
        kinds.GetValueOrDefault(lower) ?? kinds.GetValueOrDefault(English.Singular(lower));

    public bool IsRelational(string lower) => KindOf(lower) == "relation" || English.Relations.Contains(lower);

    private static WordClass Marks(string word) =>
        (word.Contains('~') ? WordClass.Noun : 0) | (word.Contains('^') ? WordClass.Adjective : 0);

    private void AddIrregular(string[] parts)
    {
        var verb = parts[0].TrimEnd('~', '^');
        Add(verb, verb, WordClass.Base | Marks(parts[0]));
        Add(English.ThirdPerson(verb), verb, WordClass.Third | (parts[0].Contains('~') ? WordClass.Noun : 0));
        foreach (var past in parts[1].Split('/'))
        {
            Add(past, verb, WordClass.Past);
        }

        foreach (var participle in parts[2].Split('/'))
        {
            Add(participle, verb, WordClass.Participle);
        }

        Add(English.Ing(verb), verb, WordClass.Ing);
        if (verb == "be")
        {
            foreach (var form in (ReadOnlySpan<string>)["am", "is", "are", "'m", "'re"])
            {
                Add(form, "be", WordClass.Third);
            }

            Add("were", "be", WordClass.Past);
        }

        if (verb == "have")
        {
            Add("'ve", "have", WordClass.Third);
        }
    }

    private void Add(string form, string? lemma, WordClass classes)
    {
        if (!entries.TryGetValue(form, out var entry))
        {
            entries[form] = new Entry(classes, Tag.Noun, lemma);
        }
        else if ((entry.Classes & WordClass.Closed) == 0)
        {
            // The first lemma wins: irregular verbs are read first, so "found" is find and "founded" is found.
            entries[form] = entry with { Classes = entry.Classes | classes, Lemma = entry.Lemma ?? lemma };
        }
    }

    private static WordClass Guess(string lower, out string? lemma)
    {
        lemma = null;
        if (lower.Length > 4 && lower.EndsWith("ed", StringComparison.Ordinal))
        {
            lemma = English.BaseOfPast(lower);
            return WordClass.Past | WordClass.Participle;
        }

        if (lower.Length > 5 && lower.EndsWith("ing", StringComparison.Ordinal))
        {
            lemma = English.BaseOfIng(lower);
            return WordClass.Ing | WordClass.Noun;
        }

        if (lower.Length > 4 && lower.EndsWith("ly", StringComparison.Ordinal))
        {
            return WordClass.Adverb;
        }

        if (lower.Length > 5 && lower.EndsWith("ize", StringComparison.Ordinal))
        {
            lemma = lower;
            return WordClass.Base;
        }

        if (lower.EndsWith("ment", StringComparison.Ordinal))
        {
            return WordClass.Noun;
        }

        foreach (var suffix in AdjectiveSuffixes)
        {
            if (lower.Length > suffix.Length + 2 && lower.EndsWith(suffix, StringComparison.Ordinal))
            {
                return WordClass.Adjective;
            }
        }

        return WordClass.Noun;
    }

    private static IEnumerable<(string Tag, string[] Words)> Tagged(string name) =>
        from line in EmbeddedList.Lines(name)
        let parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        select (parts[0], parts[1..]);
}
