using System.Globalization;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Retrieval;

/// <summary>A line of the result: one ranking over one group of questions.</summary>
internal sealed record ScoreRow(string Group, string Ranking, int Questions, RetrievalScore Score);

/// <summary>Collects the scores of all questions by group and ranking, and means them.</summary>
internal sealed class ScoreBoard
{
    private readonly Lock _gate = new();
    private readonly List<(string Group, string Ranking, RetrievalScore Score)> _scores = [];

    public void Add(string group, string ranking, RetrievalScore score)
    {
        lock (_gate)
            _scores.Add((group, ranking, score));
    }

    /// <summary>One row for each group and ranking, then one for each of <paramref name="unions"/> and ranking.</summary>
    /// <param name="rankings">In the order wanted.</param>
    /// <param name="unions">Groups taken together; null takes them all.</param>
    public IReadOnlyList<ScoreRow> Rows(IReadOnlyList<string> rankings, params (string Name, string[]? Groups)[] unions)
    {
        lock (_gate)
        {
            var groups = _scores.Select(s => s.Group).Distinct().Order(StringComparer.Ordinal).Select(g => (Name: g, Groups: (string[]?)[g]));
            return
            [
                .. from one in groups.Concat(unions)
                   from ranking in rankings
                   let scores = _scores.Where(s => s.Ranking == ranking && (one.Groups is null || one.Groups.Contains(s.Group))).Select(s => s.Score).ToArray()
                   where scores.Length > 0
                   select new ScoreRow(one.Name, ranking, scores.Length, RetrievalScore.Mean(scores)),
            ];
        }
    }

    public static string Table(IEnumerable<ScoreRow> rows)
    {
        var table = new TextTable("questions", "n", "ranking", "recall@5", "recall@10", "recall@20", "MRR@20", "NDCG@10");
        foreach (var row in rows)
        {
            var s = row.Score;
            table.Add(
                row.Group, row.Questions.ToString(CultureInfo.InvariantCulture), row.Ranking,
                Text(s.Recall5), Text(s.Recall10), Text(s.Recall20), Text(s.Mrr20), Text(s.Ndcg10));
        }

        return table.ToString();

        static string Text(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
    }
}
