using System.Collections.Frozen;

namespace Engram.Engine.Extraction.Rules;

/// <summary>A normalised relation of a verb with its preposition.</summary>
internal sealed record Relation(string Predicate, bool Single, bool State, string? SubjectKind, string? ObjectKind);

/// <summary>The documented relations (relations.txt, nounrelations.txt). Whatever is not listed keeps its verb lemma and preposition.</summary>
internal static class Relations
{
    private static readonly FrozenDictionary<(string Verb, string Preposition, bool Passive), Relation> ByVerb = EmbeddedList.Lines("relations")
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .ToFrozenDictionary(
            f => (f[0], f[1], f[2] == "p"),
            f => new Relation(f[3], f.Contains("single"), f.Contains("state"), Kind(f, '<'), Kind(f, '>')));

    private static readonly FrozenDictionary<string, string> ByNoun = EmbeddedList.Lines("nounrelations")
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .ToFrozenDictionary(f => f[0], f => f[1], StringComparer.Ordinal);

    /// <summary>Attributes of which a thing has one at a time; favourites are recognised by their prefix.</summary>
    private static readonly FrozenSet<string> SingleAttributes = FrozenSet.ToFrozenSet(
        ["name", "full_name", "first_name", "last_name", "surname", "nickname", "age", "birthday", "email", "email_address", "phone", "phone_number", "address",
         "marital_status", "job", "occupation", "employer", "title", "birth_date", "birth_place", "population", "height", "weight", "capital", "major"]);

    public static Relation? Of(string verb, string? preposition, bool passive) =>
        ByVerb.GetValueOrDefault((verb, preposition ?? "-", passive));

    /// <summary>sibling_of for "sister"; null for nouns that name no personal relation.</summary>
    public static string? OfNoun(string noun) => ByNoun.GetValueOrDefault(noun) ?? ByNoun.GetValueOrDefault(English.Singular(noun));

    private static readonly FrozenSet<string> SinglePredicates = ByVerb.Values.Where(r => r.Single).Select(r => r.Predicate).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Whether a thing has one object of this predicate at a time, whoever extracted it.</summary>
    public static bool IsSinglePredicate(string predicate) => SinglePredicates.Contains(predicate) || IsSingle(predicate);

    public static bool IsSingle(string attribute) =>
        SingleAttributes.Contains(attribute) || attribute.StartsWith("favourite_", StringComparison.Ordinal);

    private static string? Kind(string[] fields, char mark) => fields.FirstOrDefault(f => f[0] == mark)?[1..];
}
