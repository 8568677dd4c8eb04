using System.CommandLine;
using Engram.Benchmarks.Platform;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Providers;

/// <summary>`frontier`: what an answer costs and takes with each of the tenant's models and each k, and how far it agrees with the strongest.</summary>
internal static class FrontierCommand
{
    public static Command Create()
    {
        var command = new Command("frontier", "Models x k over questions: latency, tokens, price, agreement with the strongest model's answers");
        var platform = new PlatformOptions(command);
        var shared = new ModelOptions(command);
        var models = new Option<string[]>("--models") { Description = "Models of the connection, separated by commas; the strongest last", AllowMultipleArgumentsPerToken = true, Required = true };
        var ks = new Option<string>("--k") { Description = "Values of top_k, separated by commas", DefaultValueFactory = _ => "2,4,8,16" };
        var reference = new Option<string?>("--reference") { Description = "The model whose answers at the largest k the others are compared with (default: the last of --models)" };
        var bucket = new Option<string?>("--bucket") { Description = "A bucket of yours to ask; goes with --questions" };
        var file = new Option<FileInfo?>("--questions") { Description = "Your questions: JSON Lines with 'question', or one question a line" };
        var data = new Option<string?>("--data") { Description = "Instead of those: folder of the evaluation data; the first LoCoMo conversation is stored and asked" };
        var limit = new Option<int>("--limit") { Description = "Most questions", DefaultValueFactory = _ => 50 }.Between(1, 100_000);
        foreach (var option in new Option[] { models, ks, reference, bucket, file, data, limit })
            command.Add(option);
        command.SetAction(async (result, ct) =>
        {
            var names = result.GetRequiredValue(models).SelectMany(Split).ToArray();
            var strongest = result.GetValue(reference) ?? names[^1];
            var sizes = Split(result.GetRequiredValue(ks)).Select(k => int.TryParse(k, out var size) && size is >= 1 and <= 100 ? size : throw new BenchmarkException("--k takes numbers from 1 to 100.")).Order().ToArray();
            if (!names.Contains(strongest))
                names = [.. names, strongest];
            await using var session = await ModelSession.StartAsync(platform.Resolve(result), shared.Connection(result), shared.FakeProvider(result), ct);
            var (title, where, questions) = await AskedAsync(session, result.GetValue(data), result.GetValue(bucket), result.GetValue(file), result.GetValue(limit), ct);
            var answers = await RunAsync(session, where, questions, names, sizes, ct);
            var points = answers.Select(run => FrontierPoint.Of(run.Key.Model, run.Key.TopK, run.Value, answers[(strongest, sizes[^1])])).ToList();
            var report = new FrontierReport(title, Machine.Current(), $"{strongest} at k {sizes[^1]}", questions.Length, FrontierPoint.Mark(points));
            report.Print();
            if (shared.Json(result) is { } json)
                await report.WriteAsync(json);
            return 0;
        });
        return command;
    }

    private static async Task<(string Title, string Bucket, string[] Questions)> AskedAsync(
        ModelSession session, string? data, string? bucket, FileInfo? file, int limit, CancellationToken cancellationToken)
    {
        if (data is not null)
        {
            var (stored, questions) = await session.LocomoAsync(data, limit, cancellationToken);
            return ("Cost and latency of answers, LoCoMo", stored, questions);
        }

        if (bucket is null || file is null)
            throw new BenchmarkException("Give --data, or --bucket and --questions.");
        return ($"Cost and latency of answers, bucket '{bucket}'", bucket, [.. (await QuestionFile.ReadAsync(file)).Take(limit)]);
    }

    /// <summary>One question after the other: what is measured is the time of an answer, not how many fit at once.</summary>
    private static async Task<Dictionary<(string Model, int TopK), List<Asked>>> RunAsync(
        ModelSession session, string bucket, string[] questions, string[] models, int[] sizes, CancellationToken cancellationToken)
    {
        var answers = new Dictionary<(string, int), List<Asked>>();
        using var progress = new Progress("ask", (long)questions.Length * models.Length * sizes.Length);
        foreach (var model in models)
        {
            await session.UseAsync(model, cancellationToken);
            foreach (var size in sizes)
            {
                var asked = answers[(model, size)] = [];
                foreach (var question in questions)
                {
                    asked.Add(await session.AskAsync(bucket, question, size, cancellationToken));
                    progress.Add();
                }
            }
        }

        return answers;
    }

    private static string[] Split(string list) => list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

/// <summary>The options the commands with models share.</summary>
internal sealed class ModelOptions
{
    private readonly Option<string?> _connection = new("--connection") { Description = "Id or label of one of the account's provider connections (default: the fake provider of the endpoints file)" };
    private readonly Option<FileInfo?> _json = new("--json") { Description = "Write the figures to this file as well" };
    private readonly Option<Uri?> _fake = AddressOption.Create("--fake-provider", "Address of the fake provider (default: as in the endpoints file)");
    private readonly Command _command;

    public ModelOptions(Command command)
    {
        _command = command;
        foreach (var option in new Option[] { _connection, _json, _fake })
            command.Add(option);
    }

    public string? Connection(ParseResult result) => result.GetValue(_connection);

    public FileInfo? Json(ParseResult result) => result.GetValue(_json);

    public Uri? FakeProvider(ParseResult result) =>
        result.GetValue(_fake) ?? (_command.Options.OfType<Option<FileInfo?>>().FirstOrDefault(option => option.Name == "--endpoints") is { } endpoints && result.GetValue(endpoints) is { } file
            ? PlatformOptions.FakeProviderIn(file)
            : null);
}
