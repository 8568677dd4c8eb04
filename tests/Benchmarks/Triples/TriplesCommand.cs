using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Engram.Benchmarks.Platform;

namespace Engram.Benchmarks.Triples;

/// <summary>`triples`: precision, recall and F1 of triple extraction on public sets.</summary>
internal static class TriplesCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private sealed record Row(string Set, string Measure, int Texts, int Gold, int Predicted, double Precision, double Recall)
    {
        public double F1 => Precision + Recall == 0 ? 0 : 2 * Precision * Recall / (Precision + Recall);
    }

    public static Command Create()
    {
        var data = new Option<DirectoryInfo>("--data") { Description = "Folder of the evaluation data (with a folder 'triples')", Required = true };
        var set = new Option<string[]>("--set") { Description = "carb, webnlg, tekgen, dialogre; may be repeated (default: the first three)" };
        set.AcceptOnlyFromAmong([.. TripleSet.All.Select(s => s.Name)]);
        var json = new Option<FileInfo?>("--json") { Description = "Write the figures to this file as well" };
        var api = AddressOption.Create("--api", "Address of a running Api: measure through HTTP instead of in this process");
        var key = new Option<string?>("--key") { Description = "API key for --api" };
        var show = new Option<int>("--show") { Description = "Print the gold and predicted triples of the first N texts" };
        var limit = new Option<int?>("--limit") { Description = "Only the first N texts of each set" };
        var command = new Command("triples", "Precision, recall and F1 of triple extraction on CaRB, WebNLG 2020, Text2KGBench TekGen (and DialogRE)")
        {
            data, set, json, api, key, show, limit,
        };
        command.SetAction(async result =>
        {
            var address = result.GetValue(api);
            if (address is not null && result.GetValue(key) is null)
            {
                await Console.Error.WriteLineAsync("--api needs --key.");
                return 2;
            }

            using var source = address is null ? TripleSource.InProcess() : TripleSource.OverHttp(address, result.GetValue(key)!);
            var names = result.GetValue(set) is { Length: > 0 } chosen ? chosen : ["carb", "webnlg", "tekgen"];
            var rows = new List<Row>();
            foreach (var item in TripleSet.All.Where(s => names.Contains(s.Name)))
            {
                rows.AddRange(await MeasureAsync(item, source, result.GetValue(data)!.FullName, result.GetValue(show), result.GetValue(limit)));
            }

            await source.CleanUpAsync();
            Print(source, rows);
            if (address is null)
            {
                await PrintSpeedAsync(result.GetValue(data)!.FullName);
            }

            if (result.GetValue(json) is { } file)
            {
                await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(new { source = source.Description, rows }, Indented));
            }

            return 0;
        });
        return command;
    }

    private static async Task<List<Row>> MeasureAsync(TripleSet set, TripleSource source, string data, int show, int? limit)
    {
        var examples = await set.LoadAsync(data);
        examples = limit is { } n ? [.. examples.Take(n)] : examples;
        var predicted = new List<IReadOnlyList<ScoredTriple>>(examples.Count);
        var clock = Stopwatch.StartNew();
        foreach (var example in examples)
        {
            predicted.Add(await source.ExtractAsync(example.Text, set.OpenRelations));
            if (predicted.Count % 50 == 0 || predicted.Count == examples.Count)
            {
                await Console.Error.WriteAsync($"\r{set.Name}: {predicted.Count}/{examples.Count} texts, {clock.Elapsed.TotalSeconds:0.0} s ");
            }
        }

        await Console.Error.WriteLineAsync();
        for (var i = 0; i < Math.Min(show, examples.Count); i++)
        {
            Show(examples[i], predicted[i]);
        }

        return set.OpenRelations ? [Carb(set, examples, predicted)] : Pairs(set, examples, predicted);
    }

    private static Row Carb(TripleSet set, List<TripleExample> examples, List<IReadOnlyList<ScoredTriple>> predicted)
    {
        var (precision, recall, gold, count) = (0.0, 0.0, 0, 0);
        for (var i = 0; i < examples.Count; i++)
        {
            var score = CarbScore.Score(examples[i].Gold, predicted[i]);
            precision += score.Precision;
            recall += score.Recall;
            gold += score.Gold;
            count += score.Predicted;
        }

        return new Row(set.Name, "tuple, word overlap", examples.Count, gold, count, precision / Math.Max(1, count), recall / Math.Max(1, gold));
    }

    /// <summary>Texts without any gold triple are left out: their gold is incomplete, not empty.</summary>
    private static List<Row> Pairs(TripleSet set, List<TripleExample> examples, List<IReadOnlyList<ScoredTriple>> predicted)
    {
        var (gold, count, exact, pair, relation, texts) = (0, 0, 0, 0, 0, 0);
        for (var i = 0; i < examples.Count; i++)
        {
            if (examples[i].Gold.Count == 0)
            {
                continue;
            }

            var counts = PairScore.Score(examples[i].Gold, predicted[i]);
            (gold, count, exact, pair, relation, texts) =
                (gold + counts.Gold, count + counts.Predicted, exact + counts.Exact, pair + counts.Pair, relation + counts.Relation, texts + 1);
        }

        Row Of(string measure, int hits) => new(set.Name, measure, texts, gold, count, (double)hits / Math.Max(1, count), (double)hits / Math.Max(1, gold));
        return [Of("pair, exact", exact), Of("pair, partial", pair), Of("pair + relation", relation)];
    }

    /// <summary>
    /// The extractor's budget is 50 ms for the largest memory; its text is made of the first sentences of a set. Processor time of the
    /// process, because other work on the machine makes wall-clock time say nothing.
    /// </summary>
    private static async Task PrintSpeedAsync(string data)
    {
        const int Size = 64 * 1024;
        using var source = TripleSource.InProcess();
        foreach (var set in TripleSet.All.Where(s => s.Name is "carb" or "webnlg"))
        {
            var text = string.Join('\n', (await set.LoadAsync(data)).Select(e => e.Text))[..Size];
            var times = new List<double>();
            for (var i = 0; i < 25; i++)
            {
                var before = Environment.CpuUsage.TotalTime;
                await source.ExtractAsync(text, open: false);
                times.Add((Environment.CpuUsage.TotalTime - before).TotalMilliseconds);
            }

            times.Sort();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"one text of 64 KB ({set.Name}): {times[times.Count / 2]:0.0} ms of processor time (median of {times.Count}, fastest {times[0]:0.0})"));
        }
    }

    private static void Show(TripleExample example, IReadOnlyList<ScoredTriple> predicted)
    {
        Console.WriteLine($"\n[{example.Id}] {example.Text}");
        foreach (var t in example.Gold)
        {
            Console.WriteLine($"  gold  {t.Subject} | {t.Relation} | {t.Object}");
        }

        foreach (var t in predicted)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  ours  {t.Subject} | {t.Relation} | {t.Object}  ({t.Confidence:0.00})"));
        }
    }

    private static void Print(TripleSource source, List<Row> rows)
    {
        Console.WriteLine($"\nTriple extraction by {source.Description}");
        Console.WriteLine($"{"set",-10}{"measure",-22}{"texts",6}{"gold",7}{"found",7}{"P",8}{"R",8}{"F1",8}");
        foreach (var row in rows)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{row.Set,-10}{row.Measure,-22}{row.Texts,6}{row.Gold,7}{row.Predicted,7}{row.Precision,8:0.000}{row.Recall,8:0.000}{row.F1,8:0.000}"));
        }
    }
}
