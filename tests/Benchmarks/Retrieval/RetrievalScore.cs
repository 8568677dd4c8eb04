namespace Engram.Benchmarks.Retrieval;

/// <summary>How well one ranking answered one question, or the mean of that over many.</summary>
/// <param name="Recall5">Share of the evidence among the first 5.</param>
/// <param name="Recall10">Share of the evidence among the first 10.</param>
/// <param name="Recall20">Share of the evidence among the first 20.</param>
/// <param name="Mrr20">One over the rank of the first piece of evidence, 0 if there is none among the first 20.</param>
/// <param name="Ndcg10">Discounted cumulative gain of the first 10 over that of the best possible order; every piece of evidence gains 1.</param>
internal readonly record struct RetrievalScore(double Recall5, double Recall10, double Recall20, double Mrr20, double Ndcg10)
{
    /// <summary>Ranks that count.</summary>
    public const int Depth = 20;

    /// <param name="ranking">Best first; null where the rank is held by something unknown, which is no evidence.</param>
    /// <param name="evidence">What should have been found; not empty.</param>
    public static RetrievalScore Of(IReadOnlyList<string?> ranking, IReadOnlySet<string> evidence)
    {
        if (evidence.Count == 0)
            throw new ArgumentException("A question without evidence has no recall.", nameof(evidence));
        // What is listed twice counts once, at its better rank.
        var found = new HashSet<string>();
        var gains = new bool[Math.Min(ranking.Count, Depth)];
        for (var i = 0; i < gains.Length; i++)
            gains[i] = ranking[i] is { } item && evidence.Contains(item) && found.Add(item);
        var count = evidence.Count;
        return new RetrievalScore(Recall(gains, 5, count), Recall(gains, 10, count), Recall(gains, 20, count), ReciprocalRank(gains), Ndcg(gains, 10, count));
    }

    public static RetrievalScore Mean(IReadOnlyCollection<RetrievalScore> scores) => scores.Count == 0 ? default : new RetrievalScore(
        scores.Average(s => s.Recall5), scores.Average(s => s.Recall10), scores.Average(s => s.Recall20), scores.Average(s => s.Mrr20), scores.Average(s => s.Ndcg10));

    private static double Recall(bool[] gains, int k, int wanted) => (double)gains.Take(k).Count(gain => gain) / wanted;

    private static double ReciprocalRank(bool[] gains)
    {
        var first = Array.IndexOf(gains, true);
        return first < 0 ? 0 : 1.0 / (first + 1);
    }

    private static double Ndcg(bool[] gains, int k, int wanted)
    {
        var best = Enumerable.Range(0, Math.Min(k, wanted)).Sum(Discount);
        return Enumerable.Range(0, Math.Min(k, gains.Length)).Where(i => gains[i]).Sum(Discount) / best;
    }

    // Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002, with base 2.
    private static double Discount(int index) => 1 / Math.Log2(index + 2);
}
