using System.CommandLine;
using System.Text.Json;
using Engram.Benchmarks.Platform;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Providers;

/// <summary>`provider-share`: how much of an answered query is the provider's time, and how much is ours.</summary>
internal static class ProviderShareCommand
{
    private const double TargetMs = 25;

    private static readonly JsonSerializerOptions Indented = new(JsonSerializerOptions.Web)
    {
        WriteIndented = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static Command Create()
    {
        var command = new Command("provider-share", "Our own share of a query that a model answers, beside the provider's");
        var platform = new PlatformOptions(command);
        var shared = new ModelOptions(command);
        var model = new Option<string>("--model") { Description = "The model that answers", DefaultValueFactory = _ => "fake-answer@200ms" };
        var memories = new Option<int>("--memories") { Description = "Size of the bucket that is asked", DefaultValueFactory = _ => 1000 }.Between(10, 1_000_000);
        var count = new Option<int>("--queries") { Description = "Queries measured, after ten that are not", DefaultValueFactory = _ => 200 }.Between(1, 100_000);
        var k = new Option<int>("--k") { Description = "top_k", DefaultValueFactory = _ => 8 }.Between(1, 100);
        var data = new Option<string?>("--data") { Description = "Folder of the evaluation data: a LoCoMo conversation instead of generated texts" };
        foreach (var option in new Option[] { model, memories, count, k, data })
            command.Add(option);
        command.SetAction(async (result, ct) =>
        {
            await using var session = await ModelSession.StartAsync(platform.Resolve(result), shared.Connection(result), shared.FakeProvider(result), ct);
            var queries = Math.Max(1, result.GetValue(count));
            var (bucket, questions) = result.GetValue(data) is { } folder
                ? await session.LocomoAsync(folder, queries, ct)
                : await session.GeneratedAsync(result.GetValue(memories), queries, ct);
            var name = result.GetRequiredValue(model);
            await session.UseAsync(name, ct);
            var asked = await RunAsync(session, bucket, questions, queries, result.GetValue(k), ct);
            var report = ShareReport.Of(name, result.GetValue(k), asked);
            report.Print(TargetMs);
            if (shared.Json(result) is { } json)
                await File.WriteAllTextAsync(json.FullName, JsonSerializer.Serialize(report, Indented), ct);
            return report.Errors.Count == 0 && report.Own.P95 < TargetMs ? 0 : 1;
        });
        return command;
    }

    private static async Task<List<Asked>> RunAsync(ModelSession session, string bucket, string[] questions, int queries, int topK, CancellationToken cancellationToken)
    {
        for (var i = 0; i < 10; i++)
            await session.AskAsync(bucket, questions[i % questions.Length], topK, cancellationToken);
        var asked = new List<Asked>(queries);
        using var progress = new Progress("ask", queries);
        for (var i = 0; i < queries; i++)
        {
            asked.Add(await session.AskAsync(bucket, questions[i % questions.Length], topK, cancellationToken));
            progress.Add();
        }

        return asked;
    }
}
