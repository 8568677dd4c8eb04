namespace Engram.Engine.Memories;

/// <summary>
/// Two texts can be close to a sentence encoder and still say different things: "the code is 1234" and "the code is 1235", "I eat meat"
/// and "I do not eat meat", "my sister is Anna" and "my sister is Hanna". A near-duplicate is merged only if its numbers, its negations
/// and its names are the same.
/// </summary>
internal static class DuplicateGuard
{
    private static readonly HashSet<string> Negations = new(StringComparer.Ordinal)
    {
        "no", "not", "never", "none", "nobody", "nothing", "neither", "nor", "without", "cannot", "hardly", "stopped", "quit", "former", "formerly",
    };

    public static bool SaysTheSame(string left, string right) => Signature(left).SequenceEqual(Signature(right), StringComparer.Ordinal);

    private static List<string> Signature(string text)
    {
        var signature = new List<string>();
        var sentenceStart = true;
        var position = 0;
        while (position < text.Length)
        {
            if (!char.IsLetterOrDigit(text[position]))
            {
                sentenceStart |= text[position] is '.' or '!' or '?' or ':' or '\n';
                position++;
                continue;
            }

            var end = position;
            while (end < text.Length && (char.IsLetterOrDigit(text[end]) || text[end] is '\'' or '’'))
                end++;
            Add(signature, text[position..end], sentenceStart);
            sentenceStart = false;
            position = end;
        }

        signature.Sort(StringComparer.Ordinal);
        return signature;
    }

    private static void Add(List<string> signature, string word, bool sentenceStart)
    {
        var lower = word.ToLowerInvariant();
        var negated = Negations.Contains(lower) || lower.EndsWith("n't", StringComparison.Ordinal) || lower.EndsWith("n’t", StringComparison.Ordinal);
        if (negated)
            signature.Add("not");
        else if (word.Any(char.IsDigit) || (!sentenceStart && char.IsUpper(word[0]) && lower is not "i"))
            signature.Add(lower);
    }
}
