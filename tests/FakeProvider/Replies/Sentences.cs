using System.Text.RegularExpressions;

namespace Engram.FakeProvider.Replies;

/// <summary>One statement of a text: subject, predicate, object, and the sentence word for word.</summary>
internal sealed record Statement(string TextId, string Subject, string Predicate, string Object, bool Negated, string Evidence);

/// <summary>Reads simple sentences of the form "Ann Lee works at Acme": good enough to see a whole extraction, not more.</summary>
internal static partial class Sentences
{
    public static IEnumerable<string> Of(string text) => Sentence().Matches(text).Select(match => match.Value.Trim()).Where(sentence => sentence.Length > 0);

    public static IEnumerable<Statement> Statements(Fenced text)
    {
        foreach (var sentence in Of(text.Text))
        {
            if (Simple().Match(sentence) is { Success: true } match)
            {
                yield return new Statement(
                    text.Id, match.Groups["subject"].Value, Whitespace().Replace(match.Groups["predicate"].Value, "_"),
                    match.Groups["object"].Value.TrimEnd('.', '!', '?', ' '), match.Groups["not"].Success, sentence);
            }
        }
    }

    /// <summary>The content words, lower case, shortened to what a plural shares with its singular.</summary>
    public static HashSet<string> Words(string text) =>
        [.. Word().Matches(text.ToLowerInvariant()).Select(match => match.Value).Where(word => !Empty.Contains(word)).Select(word => word.Length > 3 ? word.TrimEnd('s') : word)];

    private static readonly HashSet<string> Empty =
    [
        "a", "an", "the", "of", "in", "on", "at", "to", "for", "with", "and", "or", "is", "are", "was", "were", "be", "do", "does", "did", "has", "have", "had",
        "who", "what", "when", "where", "which", "why", "how", "it", "its", "that", "this", "from", "by", "as", "my", "your", "i", "you",
    ];

    [GeneratedRegex(@"[^.!?\n]+([.!?](?=\S)[^.!?\n]+)*[.!?]?")]
    private static partial Regex Sentence();

    [GeneratedRegex(@"^(?<subject>(?:(?:My|Our|The)\s+\w+|I|We|\p{Lu}[\w'-]*(?:\s+\p{Lu}[\w'-]*)*))\s+(?<not>(?:does|did|do|is|was)\s+not\s+)?(?<predicate>(?:is|are|was|were|has|have|had|will|\p{Ll}+(?:s|ed|d|t|e|ve|ke|ow))(?:\s+(?:in|at|on|for|to|with|from|of|by|about|a member of))?)\s+(?<object>.+)$")]
    private static partial Regex Simple();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();

    [GeneratedRegex(@"[\p{L}\p{Nd}]+")]
    private static partial Regex Word();
}
