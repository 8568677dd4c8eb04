namespace Engram.Engine.Recall;

/// <summary>One arm's ranking: memories with their scores, best first.</summary>
/// <param name="Arm">Which arm.</param>
/// <param name="Scores">Memory and score, best first.</param>
public sealed record Ranking(RecallArm Arm, IReadOnlyList<(Guid Memory, double Score)> Scores);

/// <summary>A memory's fused score and where each arm had it.</summary>
/// <param name="Memory">The memory.</param>
/// <param name="Score">Fused score.</param>
/// <param name="Keyword">Keyword arm, or null.</param>
/// <param name="Vector">Vector arm, or null.</param>
/// <param name="Graph">Graph arm, or null.</param>
public sealed record FusedMemory(Guid Memory, double Score, ArmScore? Keyword, ArmScore? Vector, ArmScore? Graph)
{
    /// <summary>The memory beside it in the same run that raised its score, or null.</summary>
    public Guid? RaisedBy { get; init; }
}

/// <summary>Fuses the arms' rankings into one. Pure: the same rankings give the same result; ties are broken by id.</summary>
public static class RankFusion
{
    /// <summary>
    /// Weighted reciprocal rank fusion: the sum over arms of weight / (k + rank). Source: Cormack, Clarke, Büttcher, "Reciprocal Rank Fusion
    /// outperforms Condorcet and individual rank learning methods", SIGIR 2009 (equal weights, k = 60); here divided by its largest possible
    /// value, so that the score is 0 to 1.
    /// </summary>
    /// <param name="rankings">The arms' rankings.</param>
    /// <param name="weights">Weight of an arm.</param>
    /// <param name="k">Rank constant, at least 1.</param>
    public static IReadOnlyList<FusedMemory> ReciprocalRank(IReadOnlyList<Ranking> rankings, Func<RecallArm, double> weights, double k)
    {
        var best = rankings.Where(r => r.Scores.Count > 0).Sum(r => weights(r.Arm) / (k + 1));
        return Fuse(rankings, (ranking, index) => best == 0 ? 0 : weights(ranking.Arm) / (k + index + 1) / best, floor: null);
    }

    /// <summary>
    /// Weighted score fusion: BM25 over its largest, cosine similarity and graph weight as they are (negative ones count as 0), each times its
    /// weight, over the sum of the weights: 0 to 1. A graph weight is absolute: the best of several weak facts is still weak. A memory the vector arm did not return is no closer than the last one it did return, so it
    /// is given that similarity; without this, a memory at the end of the vector list would gain over one just after it by the whole similarity.
    /// </summary>
    /// <param name="rankings">The arms' rankings.</param>
    /// <param name="weights">Weight of an arm.</param>
    public static IReadOnlyList<FusedMemory> Score(IReadOnlyList<Ranking> rankings, Func<RecallArm, double> weights)
    {
        var total = rankings.Where(r => r.Scores.Count > 0).Sum(r => weights(r.Arm));
        if (total == 0)
            total = 1;
        return Fuse(
            rankings,
            (ranking, index) => weights(ranking.Arm) * Normalized(ranking, ranking.Scores[index].Score) / total,
            ranking => ranking.Arm == RecallArm.Vector && ranking.Scores.Count > 0 ? weights(ranking.Arm) * Normalized(ranking, ranking.Scores[^1].Score) / total : 0);
    }

    private static double Normalized(Ranking ranking, double score)
    {
        if (ranking.Arm != RecallArm.Keyword)
            return Math.Clamp(score, 0, 1);
        var largest = ranking.Scores[0].Score;
        return largest > 0 ? Math.Clamp(score / largest, 0, 1) : 0;
    }

    private static FusedMemory[] Fuse(IReadOnlyList<Ranking> rankings, Func<Ranking, int, double> contribution, Func<Ranking, double>? floor)
    {
        var fused = new Dictionary<Guid, Entry>();
        foreach (var ranking in rankings)
        {
            for (var i = 0; i < ranking.Scores.Count; i++)
            {
                var (memory, score) = ranking.Scores[i];
                ref var entry = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(fused, memory, out _);
                entry.Arms ??= new ArmScore?[3];
                entry.Score += contribution(ranking, i);
                entry.Arms[(int)ranking.Arm] = new ArmScore(i + 1, score);
            }
        }

        var floors = rankings.Where(_ => floor is not null).Select(r => (r.Arm, Value: floor!(r))).Where(f => f.Value > 0).ToArray();
        return
        [
            .. fused
                .Select(e => new FusedMemory(
                    e.Key, e.Value.Score + floors.Where(f => e.Value.Arms![(int)f.Arm] is null).Sum(f => f.Value),
                    e.Value.Arms![(int)RecallArm.Keyword], e.Value.Arms[(int)RecallArm.Vector], e.Value.Arms[(int)RecallArm.Graph]))
                .OrderByDescending(m => m.Score).ThenBy(m => m.Memory),
        ];
    }

    private struct Entry
    {
        public double Score;
        public ArmScore?[]? Arms;
    }
}
