using System.CommandLine;
using Engram.Benchmarks.Data;
using Engram.Benchmarks.Platform;

namespace Engram.Benchmarks.Latency;

/// <summary>`latency`: the platform's cheapest and most frequent requests beside what they cannot be faster than.</summary>
internal static class LatencyCommand
{
    public static Command Create()
    {
        var command = new Command("latency", "Latency of the Api and the MCP server, side by side with their floors, at 1 and 8 concurrent callers");
        var platform = new PlatformOptions(command, withFloors: true);
        var memories = new Option<int>("--memories") { Description = "Size of the bucket that is queried", DefaultValueFactory = _ => 10_000 }.Between(100, 1_000_000);
        var seconds = new Option<double>("--seconds") { Description = "Time for each measurement, in ten rounds", DefaultValueFactory = _ => 5 }.Between(0.5, 600);
        var data = new Option<string?>("--data") { Description = "Folder of the evaluation data: the texts are LoCoMo's then; else they are generated" };
        var json = new Option<FileInfo?>("--json") { Description = "Write the figures to this file as well" };
        var keep = new Option<bool>("--keep") { Description = "Leave the buckets in place" };
        var noExtract = new Option<bool>("--no-extract") { Description = "Fill the bucket without triples: quicker, but the graph arm has nothing to do" };
        var only = new Option<string[]>("--only") { Description = "Only these parts: router, query, mcp, store, keys", AllowMultipleArgumentsPerToken = true };
        only.AcceptOnlyFromAmong("router", "query", "mcp", "store", "keys");
        foreach (var option in new Option[] { memories, seconds, data, json, keep, noExtract, only })
            command.Add(option);
        command.SetAction(async (result, ct) =>
        {
            var address = platform.Resolve(result);
            var texts = await TextsAsync(result.GetValue(data));
            var settings = new LatencySettings(result.GetValue(memories), result.GetValue(seconds), !result.GetValue(noExtract), result.GetValue(keep), result.GetValue(only) ?? []);
            var run = new LatencyRun(address, texts, settings);
            var report = await run.MeasureAsync(ct);
            report.Print();
            if (result.GetValue(json) is { } file)
                await report.WriteAsync(file);
            return ct.IsCancellationRequested ? 130 : 0;
        });
        return command;
    }

    private static async Task<TextSource> TextsAsync(string? data)
    {
        if (data is null)
            return new TextSource([], []);
        var conversations = await LocomoConversation.LoadAsync(data);
        return new TextSource(
            [.. conversations.SelectMany(c => c.Turns).Select(t => t.Text)], [.. conversations.SelectMany(c => c.Questions).Select(q => q.Text)]);
    }
}
