using System.CommandLine;
using System.Globalization;
using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Platform;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Load;

/// <summary>`writes`: the tail of the cheapest reads with and without a load of writes, each of which is metered.</summary>
internal static class WritesCommand
{
    private static readonly string[] Paths = ["/account/plan_usage", "/router/buckets"];

    public static Command Create()
    {
        var command = new Command("writes", "p99 of GET /account/plan_usage and /router/buckets with and without a load of writes, in turns");
        var platform = new PlatformOptions(command, withFloors: true);
        var writes = new Option<double>("--writes") { Description = "Stored memories a second", DefaultValueFactory = _ => 200 }.Between(0.01, 10_000);
        var batch = new Option<int>("--batch") { Description = "Memories in each request that stores", DefaultValueFactory = _ => 1 }.Between(1, 500);
        var reads = new Option<double>("--reads") { Description = "Reads a second of each of the two", DefaultValueFactory = _ => 50 }.Between(0.01, 10_000);
        var seconds = new Option<double>("--seconds") { Description = "Time in all, half of it with the writes", DefaultValueFactory = _ => 60 }.Between(2, 86_400);
        var json = new Option<FileInfo?>("--json") { Description = "Write the figures to this file as well" };
        foreach (var option in new Option[] { writes, batch, reads, seconds, json })
            command.Add(option);
        command.SetAction(async (result, ct) =>
        {
            await using var session = await LoadSession.StartAsync(platform.Resolve(result), new TextSource([], []), memories: 100, fakeProvider: null, model: "", ct);
            ThreadPool.SetMinThreads(16, 16);
            var (perRequest, rate) = (result.GetValue(batch), result.GetValue(writes));
            List<Traffic> traffic = [.. Paths.Select(path => new Traffic($"GET {path}", "read", 50, session.Get(path)))];
            traffic.Add(new Traffic(perRequest == 1 ? "store" : $"store of {perRequest}", "store_accepted", 100, session.ShortStores(perRequest)));
            using var loop = new OpenLoop(traffic);
            await loop.OpenAsync(8, ct);
            double[] alone = [result.GetValue(reads), result.GetValue(reads), 0];
            var time = TimeSpan.FromSeconds(result.GetValue(seconds));
            var (without, with) = await InTurns.RunAsync(loop, alone, [alone[0], alone[1], rate / perRequest], time, "reads without and with writes", ct);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Environment.NewLine}Reads without and with {rate:0} writes a second, in turns; {Machine.Current()}"));
            LoadReport.Print("nothing", "the writes", without, with);
            for (var i = 0; i < Paths.Length; i++)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Paths[i]}: the writes move p99 by {with[i].Times.P99 - without[i].Times.P99:0.00} ms ({with[i].Times.P99 / without[i].Times.P99:0.00}x)."));
            }

            foreach (var (name, error) in loop.FirstErrors)
                Console.WriteLine($"First error of '{name}': {error}");
            if (result.GetValue(json) is { } file)
                await LoadReport.WriteAsync(file, new { rate, perRequest, without, with });
            return 0;
        });
        return command;
    }
}
