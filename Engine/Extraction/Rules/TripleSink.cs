using System.Buffers;

namespace Engram.Engine.Extraction.Rules;

/// <summary>Collects candidate triples, gives them their evidence and confidence, and keeps the best when there are too many.</summary>
internal sealed class TripleSink(IReadOnlyList<string> uninformative)
{
    private static readonly SearchValues<char> Empty = SearchValues.Create(" .,-–—'\"·");
    private const int MaxCandidates = 4096;
    private const int MaxNameLength = 200;

    private readonly Dictionary<(string, string, string, bool), int> seen = [];
    private readonly List<ExtractedTriple> triples = [];

    /// <summary>The sentence being read; evidence is given in its tokens.</summary>
    public List<Token> Tokens { get; set; } = [];

    public bool IsFull => triples.Count >= MaxCandidates;

    public void Add(Clause clause, Mention subject, string predicate, Mention target, Relation? relation, (DateTimeOffset? From, DateTimeOffset? To) validity)
    {
        var subjectName = Clean(subject.Name);
        var objectName = Clean(target.Name);
        // A noun of nothing but marks ("n't of Oslo") leaves a predicate without a word.
        if (IsFull || predicate.Length == 0 || !char.IsLetterOrDigit(predicate[0]) || (subject.Clausal && uninformative.Count > 0) || !IsUsable(subject, subjectName) || !IsUsable(target, objectName) || string.Equals(subjectName, objectName, StringComparison.OrdinalIgnoreCase))
        {
            return;
        }

        var negated = clause.Negated || target.Negative || subject.Negative;
        var single = relation is { Single: true } && (relation.ObjectKind is not ("place" or "organisation") || IsNamed(target));
        var over = validity.To is { } to && relation is { State: true } && validity.From is null && to < DateTimeOffset.MaxValue;
        var triple = new ExtractedTriple(subjectName, predicate, objectName, Evidence(clause, subject, target), Confidence(clause, subject, target, relation))
        {
            Negated = negated,
            SingleValued = single && !negated && !over,
            ValidFrom = validity.From,
            ValidTo = validity.To > validity.From || validity.From is null ? validity.To : null,
            SubjectKind = subject.Kind is "relation" ? "person" : subject.Kind ?? relation?.SubjectKind,
            ObjectKind = target.Kind is "relation" ? "person" : target.Kind ?? (target.Proper ? relation?.ObjectKind : null),
        };
        var key = (triple.Subject.ToUpperInvariant(), triple.Predicate, triple.Object.ToUpperInvariant(), negated);
        if (seen.TryAdd(key, triples.Count))
        {
            triples.Add(triple);
        }
        else if (triples[seen[key]].Confidence < triple.Confidence)
        {
            triples[seen[key]] = triple;
        }
    }

    /// <summary>At most <paramref name="max"/> triples, the most confident ones, in text order; those the check refuses are counted.</summary>
    public ExtractionResult Finish(int max, EvidenceCheck check)
    {
        var supported = triples.Where(check.Supports).ToList();
        var kept = supported.Count <= max
            ? supported
            : [.. supported.Select((t, i) => (t, i)).OrderByDescending(x => x.t.Confidence).ThenBy(x => x.i).Take(max).OrderBy(x => x.i).Select(x => x.t)];
        // A stable sort: triples of one span stay in the order in which they were read.
        return new ExtractionResult([.. kept.OrderBy(t => t.Evidence.Start)], triples.Count - supported.Count);
    }

    // "lives in a small flat" does not end "lives in Berlin"; lower-case "berlin" is still a name.
    private static bool IsNamed(Mention target) =>
        target.Proper || target is { Definite: false, Indefinite: false, Possessor: null, Kind: null, Plural: false };

    private bool IsUsable(Mention mention, string name) =>
        name.Length is > 0 and <= MaxNameLength && !mention.Unresolved && (mention.StandsFor is null || name.Length > 0)
        && name.AsSpan().ContainsAnyExcept(Empty) && !uninformative.Contains(name, StringComparer.OrdinalIgnoreCase);

    private EvidenceSpan Evidence(Clause clause, Mention subject, Mention target)
    {
        var first = Math.Min(clause.First, Math.Min(subject.First, target.First));
        var last = Math.Max(Math.Max(clause.Last, 0), Math.Max(subject.Last, target.Last));
        first = Math.Clamp(first, 0, Tokens.Count - 1);
        last = Math.Clamp(last, first, Tokens.Count - 1);
        return new EvidenceSpan(Tokens[first].Start, Tokens[last].End - Tokens[first].Start);
    }

    // Estimated on the development sets: known relations are right more often, resolved pronouns and long names less often.
    private static double Confidence(Clause clause, Mention subject, Mention target, Relation? relation)
    {
        var confidence = clause.Confidence;
        confidence += relation is { Predicate.Length: > 0 } ? 0.15 : 0;
        confidence -= subject.Pronoun && subject.Head is not ("i" or "my" or "me") ? 0.1 : 0;
        confidence -= target.Name.Length > 60 ? 0.15 : 0;
        confidence -= subject.Name.Length > 60 ? 0.15 : 0;
        return Math.Round(Math.Clamp(confidence, 0.1, 0.95), 2);
    }

    private static string Clean(string name)
    {
        var trimmed = name.AsSpan().Trim(" .,;:'\"`“”‘’()[]");
        foreach (var article in (ReadOnlySpan<string>)["the ", "a ", "an "])
        {
            if (trimmed.Length > article.Length && trimmed.StartsWith(article, StringComparison.OrdinalIgnoreCase))
            {
                trimmed = trimmed[article.Length..];
                break;
            }
        }

        return trimmed.Length == name.Length ? name : trimmed.ToString();
    }
}
