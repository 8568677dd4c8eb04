using Engram.Engine.Extraction;

namespace Engram.Engine.Recall;

/// <summary>Names a query may mention: its runs of one to four words, normalised as entity names are.</summary>
internal static class QueryEntities
{
    private const int LongestName = 4;
    private const int MaxNames = 400;

    // Words that are no entity by themselves, though a name may contain them.
    private static readonly HashSet<string> Stop = new(StringComparer.Ordinal)
    {
        "a", "about", "after", "all", "an", "and", "any", "are", "as", "at", "be", "been", "before", "but", "by", "can", "could", "did", "do", "does",
        "for", "from", "had", "has", "have", "he", "her", "his", "how", "if", "in", "is", "it", "its", "of", "on", "or", "she", "so", "some", "than",
        "that", "the", "their", "them", "there", "they", "this", "to", "was", "were", "what", "when", "where", "which", "who", "whom", "whose", "why",
        "will", "with", "would", "you", "your",
    };

    private static readonly HashSet<string> FirstPerson = new(StringComparer.OrdinalIgnoreCase) { "i", "me", "my", "mine", "myself" };

    /// <summary>The name under which a memory's own speaker stands in the graph where no user id was given.</summary>
    public const string Speaker = "user";

    /// <summary>Candidate names, each with the number of its words.</summary>
    public static Dictionary<string, int> In(string query)
    {
        var words = Words(query);
        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        if (words.Exists(FirstPerson.Contains))
            names[Speaker] = 1;
        for (var start = 0; start < words.Count; start++)
        {
            for (var length = 1; length <= LongestName && start + length <= words.Count && names.Count < MaxNames; length++)
            {
                if (Stop.Contains(words[start].ToLowerInvariant()) || Stop.Contains(words[start + length - 1].ToLowerInvariant()))
                    continue;
                var name = EntityName.Normalize(string.Join(' ', words.GetRange(start, length)));
                if (name.Length > 1 && !FirstPerson.Contains(name))
                    names.TryAdd(name, length);
            }
        }

        return names;
    }

    public static bool IsStop(string word) => Stop.Contains(word);

    /// <summary>The query's words; a possessive ending is not part of a name.</summary>
    public static List<string> Words(string query)
    {
        var words = new List<string>();
        var position = 0;
        while (position < query.Length)
        {
            if (!char.IsLetterOrDigit(query[position]))
            {
                position++;
                continue;
            }

            var end = position;
            while (end < query.Length && (char.IsLetterOrDigit(query[end]) || (query[end] is '\'' or '’' or '-' && end + 1 < query.Length && char.IsLetterOrDigit(query[end + 1]))))
                end++;
            var word = query[position..end];
            if (word.EndsWith("'s", StringComparison.OrdinalIgnoreCase) || word.EndsWith("’s", StringComparison.OrdinalIgnoreCase))
                word = word[..^2];
            words.Add(word);
            position = end;
        }

        return words;
    }
}
