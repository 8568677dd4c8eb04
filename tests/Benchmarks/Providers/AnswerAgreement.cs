using System.Text.RegularExpressions;

namespace Engram.Benchmarks.Providers;

/// <summary>How much two answers say the same, by the words they share: the token F1 that reading-comprehension benchmarks use.</summary>
internal static partial class AnswerAgreement
{
    /// <summary>
    /// 2pr / (p + r) over the words as multisets, lower case, without articles and citation marks. Two answers without words agree (both
    /// found nothing), one without words agrees with no other.
    /// </summary>
    /// <returns>0 (no word in common) to 1 (the same words).</returns>
    public static double TokenF1(string a, string b)
    {
        var first = Words(a);
        var second = Words(b);
        if (first.Count == 0 || second.Count == 0)
            return first.Count == second.Count ? 1 : 0;
        var counts = second.CountBy(word => word).ToDictionary();
        var shared = 0;
        foreach (var word in first)
        {
            if (counts.TryGetValue(word, out var left) && left > 0)
            {
                counts[word] = left - 1;
                shared++;
            }
        }

        return 2.0 * shared / (first.Count + second.Count);
    }

    private static List<string> Words(string answer) =>
        [.. Word().Matches(Citation().Replace(answer.ToLowerInvariant(), " ")).Select(match => match.Value).Where(word => word is not ("a" or "an" or "the"))];

    [GeneratedRegex(@"\[[^\[\]]{1,60}\]")]
    private static partial Regex Citation();

    [GeneratedRegex(@"[\p{L}\p{Nd}]+")]
    private static partial Regex Word();
}
