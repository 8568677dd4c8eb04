using System.Text.Json;
using Engram.Benchmarks.Data;

namespace Engram.Benchmarks.Triples;

/// <summary>A triple as the scorers see it; the object may be several arguments of an n-ary tuple, joined.</summary>
internal sealed record ScoredTriple(string Subject, string Relation, string Object, double Confidence = 1);

/// <summary>One text with its gold triples.</summary>
internal sealed record TripleExample(string Id, string Text, IReadOnlyList<ScoredTriple> Gold);

/// <summary>One public set of texts with triples, and how it is scored.</summary>
internal sealed record TripleSet(string Name, string File, bool OpenRelations, Func<JsonElement, int, TripleExample> Read)
{
    public static readonly IReadOnlyList<TripleSet> All =
    [
        new("carb", "carb_dev.jsonl.xz", true, Carb),
        new("webnlg", "webnlg2020_t2t_dev.jsonl.xz", false, Listed),
        new("tekgen", "text2kgbench_tekgen_dev.jsonl.xz", false, Listed),
        new("dialogre", "dialogre_dev.jsonl.xz", false, Dialogue),
    ];

    public async Task<List<TripleExample>> LoadAsync(string data)
    {
        var nested = Path.Combine(data, "triples", File);
        var path = System.IO.File.Exists(nested) ? nested : Path.Combine(data, File);
        var examples = new List<TripleExample>();
        await foreach (var line in XzJsonLines.ReadAsync(path))
        {
            examples.Add(Read(line, examples.Count));
        }

        return examples;
    }

    private static string[] Strings(JsonElement array) => [.. array.EnumerateArray().Select(e => Plain(e.GetString() ?? ""))];

    /// <summary>Undoes the Penn Treebank escapes of CaRB: they are marks of the corpus, not of English.</summary>
    private static string Plain(string text) => text.Replace("\\/", "/", StringComparison.Ordinal).Replace("-LRB-", "(", StringComparison.Ordinal).Replace("-RRB-", ")", StringComparison.Ordinal);

    // [relation, argument 1, argument 2, ...]: CaRB joins the arguments after the first for its binary match.
    private static TripleExample Carb(JsonElement line, int index) => new(
        $"carb-{index}",
        Plain(line.GetProperty("text").GetString()!),
        [.. line.GetProperty("tuples_rel_arg1_args").EnumerateArray().Select(Strings).Where(t => t.Length >= 2)
            .Select(t => new ScoredTriple(t[1], t[0], string.Join(' ', t.Skip(2))))]);

    private static TripleExample Listed(JsonElement line, int index) => new(
        line.GetProperty("id").GetString() ?? $"{index}",
        line.GetProperty("text").GetString()!,
        [.. line.GetProperty("triples").EnumerateArray().Select(Strings).Select(t => new ScoredTriple(t[0], t[1], t[2]))]);

    private static TripleExample Dialogue(JsonElement line, int index) => new(
        $"dialogre-{index}",
        string.Join('\n', Strings(line.GetProperty("dialogue"))),
        [.. line.GetProperty("triples").EnumerateArray().Select(Strings).Select(t => new ScoredTriple(t[0], t[1], t[2]))]);
}
