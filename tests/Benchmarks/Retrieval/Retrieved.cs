using System.Text.Json;

namespace Engram.Benchmarks.Retrieval;

/// <summary>One hit of a query.</summary>
/// <param name="Item">The turn it is.</param>
/// <param name="Score">Fused score.</param>
/// <param name="Ranks">Rank in each arm that had it, by the arm's name.</param>
/// <param name="Scores">The arms' own scores, where the Api tells them.</param>
internal sealed record Hit(string Item, double Score, IReadOnlyDictionary<string, int> Ranks, IReadOnlyDictionary<string, double> Scores);

/// <summary>
/// The answer to one query, seen as four rankings: one of each arm and the fused one. The arms' rankings are read off the ranks in the explanation.
/// An arm's candidate that fusion put below the answer's last hit is not in the answer: its rank stays empty and is counted by <see cref="Hidden"/>,
/// until <see cref="Place"/> fills it.
/// </summary>
internal sealed class Retrieved
{
    public const string Fused = "fused";

    /// <summary>Hits asked for: the most the Api gives, so that the best of every arm are among them.</summary>
    public const int TopK = 100;

    public static readonly string[] Arms = ["keyword", "vector", "graph"];

    private readonly Dictionary<string, List<string?>> _rankings = [];

    private Retrieved(IReadOnlyList<Hit> hits, IReadOnlyList<string> warnings)
    {
        Hits = hits;
        Warnings = warnings;
        _rankings[Fused] = [.. hits.Select(hit => hit.Item)];
        foreach (var arm in Arms)
            _rankings[arm] = OfArm(hits, arm);
    }

    /// <summary>In the fused order.</summary>
    public IReadOnlyList<Hit> Hits { get; }

    /// <summary>Warnings the Api gave, for instance of an arm that took too long.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <param name="answer">Body of <c>POST /v1/query</c>.</param>
    /// <param name="itemOf">Names the turn of a memory id.</param>
    public static Retrieved Read(JsonElement answer, Func<string, string> itemOf)
    {
        if (!answer.TryGetProperty("explanation", out var explanation) || !explanation.TryGetProperty("retrieved_memories", out var memories))
            throw new BenchmarkException("The Api's answer to /v1/query has no explanation.retrieved_memories.");
        var hits = memories.EnumerateArray().Select(m => new Hit(
            itemOf(m.GetProperty("memory_id").GetString()!),
            m.TryGetProperty("weighted_score", out var score) && score.ValueKind == JsonValueKind.Number ? score.GetDouble() : 0,
            Numbers(m, "ranks", n => n.GetInt32()),
            Numbers(m, "scores", n => n.GetDouble()))).ToArray();
        string[] warnings = explanation.TryGetProperty("warnings", out var given) && given.ValueKind == JsonValueKind.Array
            ? [.. given.EnumerateArray().Select(w => w.ToString())]
            : [];
        return new Retrieved(hits, warnings);
    }

    public IReadOnlyList<string?> Ranking(string name) => _rankings[name];

    /// <summary>How many of an arm's ranks 1 to 20 the answer does not show, although it shows a later one.</summary>
    public int Hidden(string arm) => _rankings[arm].Take(RetrievalScore.Depth).Count(item => item is null);

    /// <summary>Evidence that may stand at a hidden rank of some arm, so that leaving it out would be unfair to that arm.</summary>
    public IReadOnlyList<string> Unseen(IEnumerable<string> evidence) =>
        [.. evidence.Where(item => Array.Exists(Arms, arm => Hidden(arm) > 0 && !_rankings[arm].Contains(item)))];

    /// <summary>
    /// Puts hits of the same question under a filter into the arms' empty ranks, by their score: a filter takes memories away, it does not change the
    /// scores of the others. Where several ranks are empty between the neighbours the best is taken, in the arm's favour.
    /// </summary>
    public void Place(IEnumerable<Hit> others)
    {
        var known = Hits.ToDictionary(hit => hit.Item);
        foreach (var hit in others)
        {
            foreach (var (arm, score) in hit.Scores)
            {
                var ranking = _rankings[arm];
                if (ranking.Contains(hit.Item))
                    continue;
                var after = ranking.FindLastIndex(item => item is not null && known.TryGetValue(item, out var seen) && seen.Scores.GetValueOrDefault(arm) >= score);
                var slot = ranking.FindIndex(after + 1, item => item is null);
                if (slot >= 0)
                    ranking[slot] = hit.Item;
            }
        }
    }

    private static List<string?> OfArm(IReadOnlyList<Hit> hits, string arm)
    {
        var ranking = new string?[hits.Max(hit => (int?)hit.Ranks.GetValueOrDefault(arm)) ?? 0];
        foreach (var hit in hits)
        {
            if (hit.Ranks.TryGetValue(arm, out var rank))
                ranking[rank - 1] = hit.Item;
        }

        return [.. ranking];
    }

    private static Dictionary<string, T> Numbers<T>(JsonElement memory, string name, Func<JsonElement, T> read)
    {
        var numbers = new Dictionary<string, T>();
        if (!memory.TryGetProperty(name, out var values) || values.ValueKind != JsonValueKind.Object)
            return numbers;
        foreach (var arm in Arms)
        {
            if (values.TryGetProperty(arm, out var value) && value.ValueKind == JsonValueKind.Number)
                numbers[arm] = read(value);
        }

        return numbers;
    }
}
