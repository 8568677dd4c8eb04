using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Engram.Benchmarks.Triples;

/// <summary>
/// Scores for sets whose relations come from an ontology (WebNLG, Text2KGBench TekGen, DialogRE), which an extractor without that
/// ontology cannot name. Three levels, each micro-averaged with predictions and gold paired one to one, greedily by similarity:
/// exact pair (both entities equal after normalisation), partial pair (word F1 of at least one half for both, as the "partial"
/// match of the WebNLG 2020 evaluation counts overlap), and partial pair with relation (their words share a stem, or the pair is in
/// the documented alias list). Entities may stand in either order: "founder" and "founded" are each other's inverse.
/// </summary>
internal static partial class PairScore
{
    private const double Partial = 0.5;

    /// <summary>Ontology property words and the words our predicates say the same with.</summary>
    private static readonly Dictionary<string, string[]> Aliases = new(StringComparer.Ordinal)
    {
        ["birth"] = ["born"],
        ["death"] = ["died", "die"],
        ["date"] = ["on", "in"],
        ["inception"] = ["found", "founded", "established", "built"],
        ["author"] = ["write", "written", "by"],
        ["location"] = ["in", "at", "near", "located", "lies"],
        ["city"] = ["located", "in"],
        ["country"] = ["located", "in", "from"],
        ["state"] = ["located"],
        ["region"] = ["located"],
        ["part"] = ["located", "in", "part"],
        ["residence"] = ["lives", "live"],
        ["club"] = ["plays", "play"],
        ["team"] = ["plays", "play"],
        ["employer"] = ["works", "work"],
        ["spouse"] = ["spouse", "marry"],
        ["occupation"] = ["is"],
        ["genre"] = ["is"],
        ["type"] = ["is"],
        ["instance"] = ["is"],
        ["nationality"] = ["from", "is"],
        ["ethnic"] = ["has"],
        ["alma"] = ["studies", "attend", "attends", "graduated"],
        ["mater"] = ["graduated"],
        ["educated"] = ["studies", "attends", "graduated"],
        ["title"] = ["name"],
        ["cast"] = ["star", "starring"],
        ["owner"] = ["own", "owns"],
        ["manufacturer"] = ["make", "produce", "build"],
        ["architect"] = ["design"],
        ["parents"] = ["child"],
        ["alternate"] = ["known", "name"],
        ["children"] = ["parent"],
        ["siblings"] = ["sibling"],
        ["positive"] = ["likes", "loves"],
        ["negative"] = ["dislikes"],
        ["leader"] = ["lead"],
        ["capital"] = ["capital"],
        ["producer"] = ["produce"],
        ["director"] = ["direct"],
        ["creator"] = ["create"],
        ["developer"] = ["develop"],
        ["composer"] = ["compose"],
        ["artist"] = ["by", "perform", "sing"],
        ["screenwriter"] = ["write", "written"],
        ["lyrics"] = ["write", "written"],
        ["publication"] = ["released", "published", "release"],
        ["award"] = ["win", "won", "receive", "received", "awarded"],
        ["label"] = ["released", "release"],
        ["narrative"] = ["set"],
        ["filming"] = ["filmed", "shot"],
        ["taxon"] = ["species", "genus", "in"],
        ["performer"] = ["perform", "sing", "by"],
    };

    public sealed record Counts(int Gold, int Predicted, int Exact, int Pair, int Relation);

    public static Counts Score(IReadOnlyList<ScoredTriple> gold, IReadOnlyList<ScoredTriple> predicted)
    {
        var g = gold.Select(t => (S: Normalise(t.Subject), O: Normalise(t.Object), R: RelationWords(t.Relation))).ToArray();
        // The same pair told twice ("is_a writer", "is_a novelist") stays two predictions; an identical triple is one.
        var p = predicted.Select(t => (S: Normalise(t.Subject), O: Normalise(t.Object), R: RelationWords(t.Relation))).ToArray();
        return new Counts(
            g.Length,
            p.Length,
            Pairs(g.Length, p.Length, (i, k) => Similar(g[i].S, p[k].S) + Similar(g[i].O, p[k].O) == 2 || Similar(g[i].S, p[k].O) + Similar(g[i].O, p[k].S) == 2 ? 1 : 0),
            Pairs(g.Length, p.Length, (i, k) => Both(g[i].S, g[i].O, p[k].S, p[k].O)),
            Pairs(g.Length, p.Length, (i, k) => SameRelation(g[i].R, p[k].R) ? Both(g[i].S, g[i].O, p[k].S, p[k].O) : 0));
    }

    private static int Pairs(int gold, int predicted, Func<int, int, double> similarity)
    {
        var all = new List<(double Score, int Gold, int Predicted)>();
        for (var i = 0; i < gold; i++)
        {
            for (var k = 0; k < predicted; k++)
            {
                if (similarity(i, k) is > 0 and var score)
                {
                    all.Add((score, i, k));
                }
            }
        }

        var (usedGold, usedPredicted, count) = (new bool[gold], new bool[predicted], 0);
        foreach (var (_, i, k) in all.OrderByDescending(a => a.Score))
        {
            if (!usedGold[i] && !usedPredicted[k])
            {
                usedGold[i] = usedPredicted[k] = true;
                count++;
            }
        }

        return count;
    }

    private static double Both(string[] goldSubject, string[] goldObject, string[] subject, string[] target) =>
        Math.Max(Joint(Similar(goldSubject, subject), Similar(goldObject, target)), Joint(Similar(goldSubject, target), Similar(goldObject, subject)));

    private static double Joint(double a, double b) => a >= Partial && b >= Partial ? a + b : 0;

    /// <summary>F1 of the two bags of words.</summary>
    private static double Similar(string[] a, string[] b)
    {
        var left = new List<string>(b);
        var common = a.Count(left.Remove);
        return common == 0 ? 0 : 2.0 * common / (a.Length + b.Length);
    }

    private static bool SameRelation(string[] gold, string[] predicted) =>
        gold.Any(g => predicted.Any(p => SameStem(g, p)) || (Aliases.TryGetValue(g, out var others) && others.Any(predicted.Contains)));

    private static bool SameStem(string a, string b)
    {
        if (a.Length < 4 || b.Length < 4)
        {
            return a == b && a is not ("of" or "in" or "by" or "on" or "at" or "to" or "for" or "is" or "a");
        }

        var shared = 0;
        while (shared < a.Length && shared < b.Length && a[shared] == b[shared])
        {
            shared++;
        }

        return shared >= 4 && shared >= Math.Min(a.Length, b.Length) - 2;
    }

    private static string[] RelationWords(string relation)
    {
        var name = relation.Contains(':', StringComparison.Ordinal) ? relation[(relation.IndexOf(':', StringComparison.Ordinal) + 1)..] : relation;
        return CamelCase().Replace(name, " $1").ToLowerInvariant().Split([' ', '_', '/'], StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Lower-case words without accents, articles, quotes and parenthesised qualifiers; numbers without separators or ".0".</summary>
    internal static string[] Normalise(string entity)
    {
        var plain = Qualifier().Replace(entity.Replace('_', ' '), " ").Trim('"', ' ');
        plain = Separators().Replace(plain, "");
        var builder = new StringBuilder(plain.Length);
        foreach (var c in plain.Normalize(NormalizationForm.FormD))
        {
            if (CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark)
            {
                builder.Append(char.IsLetterOrDigit(c) ? char.ToLowerInvariant(c) : c is '.' or '\'' or '’' ? c : ' ');
            }
        }

        return [.. builder.ToString().Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(w => w.EndsWith(".0", StringComparison.Ordinal) ? w[..^2] : w.Replace(".", "", StringComparison.Ordinal).Replace("'", "", StringComparison.Ordinal).Replace("’", "", StringComparison.Ordinal))
            .Where(w => w is not ("a" or "an" or "the" or ""))];
    }

    [GeneratedRegex(@"([A-Z])", RegexOptions.NonBacktracking)]
    private static partial Regex CamelCase();

    [GeneratedRegex(@"\([^)]*\)", RegexOptions.NonBacktracking)]
    private static partial Regex Qualifier();

    [GeneratedRegex(@"(?<=\d),(?=\d{3})")]
    private static partial Regex Separators();
}
