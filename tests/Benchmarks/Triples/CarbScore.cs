using System.Text;

namespace Engram.Benchmarks.Triples;

/// <summary>
/// Open-relation tuple matching after CaRB (Bhardwaj, Aggarwal, Mausam: "CaRB: A Crowdsourced Benchmark for Open IE", EMNLP 2019,
/// its binary lenient match): a prediction matches a gold tuple when their relations share a word; word overlap summed over
/// relation and arguments gives a precision and a recall per pair. Recall: for every gold tuple the best prediction. Precision:
/// predictions paired one to one with gold tuples, greedily by precision, divided by all predictions.
/// </summary>
/// <remarks>
/// What differs from the published scorer, because our predicates are lemmas and our passives are turned round: words are
/// compared lower-case by a crude stem; articles are ignored; auxiliaries are ignored in relations that have another word (a bare
/// "is" stays); of a gold relation ending in "by" the inverse reading is allowed too. No confidence curve: one operating point.
/// Figures are therefore near, but not equal, to those of the published table.
/// </remarks>
internal static class CarbScore
{
    private static readonly HashSet<string> Articles = ["a", "an", "the"];

    private static readonly HashSet<string> Auxiliaries =
        ["be", "is", "am", "are", "was", "were", "been", "being", "has", "have", "had", "do", "does", "did", "'s", "'re", "'ve"];

    public static (double Precision, double Recall, int Gold, int Predicted) Score(IReadOnlyList<ScoredTriple> gold, IReadOnlyList<ScoredTriple> predicted)
    {
        var scores = new (double P, double R)[gold.Count, predicted.Count];
        var words = predicted.Select(Words).ToArray();
        for (var g = 0; g < gold.Count; g++)
        {
            var straight = Words(gold[g]);
            var inverse = gold[g].Relation.Trim().EndsWith(" by", StringComparison.Ordinal)
                ? Words(new ScoredTriple(gold[g].Object, gold[g].Relation.Trim()[..^3], gold[g].Subject))
                : null;
            for (var i = 0; i < predicted.Count; i++)
            {
                scores[g, i] = Match(straight, words[i]);
                if (inverse is not null && Match(inverse, words[i]) is var turned && turned.R > scores[g, i].R)
                {
                    scores[g, i] = turned;
                }
            }
        }

        var recall = Enumerable.Range(0, gold.Count).Sum(g => Enumerable.Range(0, predicted.Count).Select(i => scores[g, i].R).DefaultIfEmpty(0).Max());
        return (Greedy(scores, gold.Count, predicted.Count), recall, gold.Count, predicted.Count);
    }

    private static double Greedy((double P, double R)[,] scores, int gold, int predicted)
    {
        var (usedGold, usedPredicted, sum) = (new bool[gold], new bool[predicted], 0.0);
        for (var pick = 0; pick < Math.Min(gold, predicted); pick++)
        {
            var (best, bestGold, bestPredicted) = (-1.0, -1, -1);
            for (var g = 0; g < gold; g++)
            {
                for (var i = 0; i < predicted && !usedGold[g]; i++)
                {
                    if (!usedPredicted[i] && scores[g, i].P > best)
                    {
                        (best, bestGold, bestPredicted) = (scores[g, i].P, g, i);
                    }
                }
            }

            (usedGold[bestGold], usedPredicted[bestPredicted], sum) = (true, true, sum + best);
        }

        return sum;
    }

    private static (double P, double R) Match(List<string>[] gold, List<string>[] predicted)
    {
        var relation = Overlap(gold[1], predicted[1]);
        if (relation == 0)
        {
            return (0, 0);
        }

        var matched = relation + Overlap(gold[0], predicted[0]) + Overlap(gold[2], predicted[2]);
        return ((double)matched / predicted.Sum(part => part.Count), (double)matched / gold.Sum(part => part.Count));
    }

    private static int Overlap(List<string> gold, List<string> predicted)
    {
        var left = new List<string>(predicted);
        return gold.Count(left.Remove);
    }

    private static List<string>[] Words(ScoredTriple triple) => [Split(triple.Subject), Relation(triple.Relation), Split(triple.Object)];

    private static List<string> Relation(string relation)
    {
        var raw = relation.ToLowerInvariant().Split([' ', '_'], StringSplitOptions.RemoveEmptyEntries);
        var content = raw.Where(w => !Auxiliaries.Contains(w) && !Articles.Contains(w)).ToList();
        return content.Count > 0 ? [.. content.Select(Stem)] : ["be"];
    }

    private static List<string> Split(string text) =>
        [.. text.ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Bare).Where(w => w.Length > 0 && !Articles.Contains(w)).Select(Stem)];

    private static string Bare(string word)
    {
        var builder = new StringBuilder(word.Length);
        foreach (var c in word.Where(c => char.IsLetterOrDigit(c) || c is '$' or '%'))
        {
            builder.Append(c);
        }

        return builder.ToString();
    }

    internal static string Stem(string word) => word switch
    {
        "lives" or "lived" => "live",
        "was" or "is" => "be",
        _ when word.Length > 5 && word.EndsWith("ing", StringComparison.Ordinal) => word[..^3].TrimEnd('e'),
        _ when word.Length > 4 && word.EndsWith("ied", StringComparison.Ordinal) => word[..^3] + "i",
        _ when word.Length > 4 && word.EndsWith("ed", StringComparison.Ordinal) => word[..^2],
        _ when word.Length > 4 && word.EndsWith("ies", StringComparison.Ordinal) => word[..^3] + "i",
        _ when word.Length > 3 && word.EndsWith('s') && !word.EndsWith("ss", StringComparison.Ordinal) => word[..^1].TrimEnd('e'),
        _ when word.Length > 3 && word[^1] == 'y' => word[..^1] + "i",
        _ when word.Length > 3 => word.TrimEnd('e'),
        _ => word,
    };
}
