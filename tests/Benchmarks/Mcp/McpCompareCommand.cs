using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Engram.Benchmarks.Data;
using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Platform;
using Engram.Benchmarks.Retrieval;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Mcp;

/// <summary>`mcp-compare`: Engram's tools beside those of npm's reference memory server, on the same facts and questions.</summary>
internal static class McpCompareCommand
{
    private const int Depth = RetrievalScore.Depth;

    public static Command Create()
    {
        var command = new Command("mcp-compare", "Store, search and recall through the tools of Engram and of npm @modelcontextprotocol/server-memory, on LoCoMo");
        var platform = new PlatformOptions(command, withFloors: true);
        var data = new Option<string>("--data") { Description = "Folder of the evaluation data", Required = true };
        var conversations = new Option<int>("--conversations") { Description = "How many of the conversations, from the first", DefaultValueFactory = _ => 1 };
        var questions = new Option<int>("--questions") { Description = "At most so many questions of each", DefaultValueFactory = _ => int.MaxValue };
        var json = new Option<FileInfo?>("--json") { Description = "Write the figures to this file as well" };
        foreach (var option in new Option[] { data, conversations, questions, json })
            command.Add(option);
        command.SetAction(async (result, ct) =>
        {
            var chosen = (await LocomoConversation.LoadAsync(result.GetValue(data)!)).Take(result.GetValue(conversations)).ToList();
            var rows = await MeasureAsync(platform.Resolve(result), chosen, result.GetValue(questions), ct);
            Report(chosen, rows);
            if (result.GetValue(json) is { } file)
                await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(rows.Select(row => row.Figures()), JsonSerializerOptions.Web), ct);
            return 0;
        });
        return command;
    }

    private static async Task<IReadOnlyList<Row>> MeasureAsync(
        PlatformAddress platform, IReadOnlyList<LocomoConversation> conversations, int questions, CancellationToken cancellationToken)
    {
        using var client = new PlatformClient(platform);
        await client.CheckAsync(cancellationToken);
        Row engram = new("Engram search_memories"), phrase = new("server-memory search_nodes, the question"), words = new("server-memory search_nodes, word by word");
        words.Store = phrase.Store;
        foreach (var conversation in conversations)
        {
            var bucket = PlatformClient.NewBucketName("mcp-compare");
            try
            {
                using var ours = await EngramTools.OpenAsync(platform, cancellationToken);
                await using var theirs = await MemoryServer.StartAsync(cancellationToken);
                await StoreAsync(conversation, bucket, ours, theirs, engram, phrase, cancellationToken);
                using var progress = new Progress($"{conversation.Id}: questions", Math.Min(questions, conversation.Questions.Count));
                foreach (var question in conversation.Questions.Take(questions))
                {
                    await AskAsync(question, bucket, ours, theirs, (engram, phrase, words), cancellationToken);
                    progress.Add();
                }
            }
            finally
            {
                await client.DeleteBucketAsync(bucket);
            }
        }

        return [engram, phrase, words];
    }

    /// <summary>One fact a call, as agents store; the two servers in turns, so that both see the same noise.</summary>
    private static async Task StoreAsync(
        LocomoConversation conversation, string bucket, EngramTools ours, MemoryServer theirs, Row engram, Row reference, CancellationToken cancellationToken)
    {
        using var progress = new Progress($"{conversation.Id}: facts", conversation.Turns.Count);
        foreach (var turn in conversation.Turns)
        {
            var (_, first) = await ours.CallAsync(
                "store_memory", new { content = turn.Text, bucket, dedup = "off", metadata = new { turn = turn.Id }, occurred_at = turn.At }, cancellationToken);
            engram.Store.Add(first);
            var (_, second) = await theirs.CallAsync(
                "create_entities", new { entities = new[] { new { name = turn.Id, entityType = "turn", observations = new[] { turn.Text } } } }, cancellationToken);
            reference.Store.Add(second);
            progress.Add();
        }
    }

    private static async Task AskAsync(
        LocomoQuestion question, string bucket, EngramTools ours, MemoryServer theirs, (Row Engram, Row Phrase, Row Words) rows, CancellationToken cancellationToken)
    {
        var (found, time) = await ours.CallAsync("search_memories", new { query = question.Text, bucket, top_k = Depth }, cancellationToken);
        rows.Engram.Search.Add(time);
        rows.Engram.Add(question, [.. found.GetProperty("memories").EnumerateArray().Select(m => m.GetProperty("metadata").GetProperty("turn").GetString())]);

        var (whole, once) = await theirs.CallAsync("search_nodes", new { query = question.Text }, cancellationToken);
        rows.Phrase.Search.Add(once);
        rows.Phrase.Add(question, [.. Names(whole)]);

        // What a patient agent does when a question finds nothing: it looks for each word and reads first what many of them found.
        var hits = new Dictionary<string, int>(StringComparer.Ordinal);
        var sum = 0.0;
        foreach (var word in Words(question.Text))
        {
            var (some, one) = await theirs.CallAsync("search_nodes", new { query = word }, cancellationToken);
            sum += one;
            foreach (var name in Names(some))
                hits[name] = hits.GetValueOrDefault(name) + 1;
        }

        rows.Words.Search.Add(sum);
        rows.Words.Add(question, [.. hits.OrderByDescending(hit => hit.Value).Select(hit => hit.Key)]);
    }

    private static IEnumerable<string> Names(JsonElement graph) => graph.GetProperty("entities").EnumerateArray().Select(entity => entity.GetProperty("name").GetString()!);

    /// <summary>The words of a question that say what it is about: those of four letters and more.</summary>
    private static IEnumerable<string> Words(string question) =>
        question.Split([' ', '?', '!', '.', ',', '\'', '"', '(', ')', ':'], StringSplitOptions.RemoveEmptyEntries).Where(word => word.Length > 3).Distinct(StringComparer.OrdinalIgnoreCase);

    private static void Report(List<LocomoConversation> conversations, IReadOnlyList<Row> rows)
    {
        Console.WriteLine(
            $"{Environment.NewLine}LoCoMo, {conversations.Count} {(conversations.Count == 1 ? "conversation" : "conversations")}, {rows[0].Store.Count} facts, {rows[0].Search.Count} questions{Environment.NewLine}{Machine.Current()}{Environment.NewLine}");
        var table = new TextTable("through its tools", "store p50 ms", "p95", "search p50 ms", "p95", "recall@5 %", "@10", "@20");
        foreach (var row in rows)
        {
            var (store, search, score) = (Percentiles.Of(row.Store), Percentiles.Of(row.Search), RetrievalScore.Mean(row.Scores));
            table.Add(
                row.Name, Figure(store.P50), Figure(store.P95), Figure(search.P50), Figure(search.P95),
                Figure(score.Recall5 * 100), Figure(score.Recall10 * 100), Figure(score.Recall20 * 100));
        }

        Console.WriteLine(table);
        Console.WriteLine("Engram over HTTP, the other over standard input and output, each as its clients speak to it. server-memory does not rank: what it finds is taken in its order.");
    }

    private static string Figure(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);

    private sealed class Row(string name)
    {
        public string Name => name;

        public List<double> Store { get; set; } = [];

        public List<double> Search { get; } = [];

        public List<RetrievalScore> Scores { get; } = [];

        public void Add(LocomoQuestion question, IReadOnlyList<string?> ranking) => Scores.Add(RetrievalScore.Of(ranking, question.Evidence));

        public object Figures() => new { name, store = Percentiles.Of(Store), search = Percentiles.Of(Search), recall = RetrievalScore.Mean(Scores) };
    }
}
