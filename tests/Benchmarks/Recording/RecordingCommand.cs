using System.CommandLine;
using System.Globalization;
using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Load;
using Engram.Benchmarks.Platform;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Recording;

/// <summary>`recording`: what it costs that every operation is recorded, in the process and from end to end.</summary>
internal static class RecordingCommand
{
    private const string Setting = "Engram__Operations__Record";
    private const double TargetMicroseconds = 20;

    private static readonly int[] CallerCounts = [1, 8];

    public static Command Create()
    {
        var command = new Command("recording", "The cost of recording operations: microseconds a request pays, and GET /router/buckets of two Apis that differ in nothing else");
        var platform = new PlatformOptions(command);
        var seconds = new Option<double>("--seconds") { Description = "Time for each measurement from end to end, in ten rounds", DefaultValueFactory = _ => 20 }.Between(0.5, 600);
        var json = new Option<FileInfo?>("--json") { Description = "Write the figures to this file as well" };
        command.Add(seconds);
        command.Add(json);
        command.SetAction(async (result, ct) =>
        {
            var address = platform.Resolve(result);
            var (on, off) = RecordPath.Measure();
            Print(on, off);
            var lines = await EndToEndAsync(address, result.GetValue(seconds), ct);
            Print(lines);
            if (result.GetValue(json) is { } file)
                await LoadReport.WriteAsync(file, new { microseconds = new { on, off }, lines });
            return on.P95 < TargetMicroseconds ? 0 : 1;
        });
        return command;
    }

    private static async Task<List<Comparison>> EndToEndAsync(PlatformAddress address, double seconds, CancellationToken cancellationToken)
    {
        await using var off = await HostTwin.StartAsync(address.Api, [(Setting, "false")], cancellationToken);
        await using var on = await HostTwin.StartAsync(address.Api, [(Setting, "true")], cancellationToken);
        var lines = new List<Comparison>();
        foreach (var callers in CallerCounts)
            lines.Add(await SideBySide.RunAsync(Router("recording off", off.Address), Router("recording on", on.Address), callers, seconds, cancellationToken));
        return lines;

        Workload Router(string name, Uri api) => Workload.Fixed($"GET /router/buckets, {name}", api, RawRequest.Get(api, "/router/buckets", address.Key), "\"buckets\"");
    }

    private static void Print(Percentiles on, Percentiles off)
    {
        var table = new TextTable("in the process", "n", "p50 us", "p95 us", "p99 us", "target", "");
        foreach (var (name, times) in new[] { ("clock, three hops, record and queue", on), ("the same, recording off", off) })
        {
            table.Add(
                name, LoadReport.Number(times.Count, "0"), LoadReport.Number(times.P50, "0.00"), LoadReport.Number(times.P95, "0.00"), LoadReport.Number(times.P99, "0.00"),
                times == on ? $"p95 < {TargetMicroseconds.ToString(CultureInfo.InvariantCulture)} us" : "", times != on ? "" : on.P95 < TargetMicroseconds ? "pass" : "FAIL");
        }

        Console.WriteLine($"{Environment.NewLine}The cost of recording; {Machine.Current()}{Environment.NewLine}{Environment.NewLine}{table}");
    }

    private static void Print(List<Comparison> lines)
    {
        var table = new TextTable("from end to end", "callers", "n", "p50 ms", "p95 ms", "p99 ms", "errors", "p95 on / off");
        foreach (var c in lines)
        {
            foreach (var m in new[] { c.Floor, c.Tested })
            {
                table.Add(
                    m.Name, LoadReport.Number(m.Callers, "0"), LoadReport.Number(m.Times.Count, "0"), LoadReport.Number(m.Times.P50, "0.000"), LoadReport.Number(m.Times.P95, "0.000"),
                    LoadReport.Number(m.Times.P99, "0.000"), LoadReport.Number(m.Errors, "0"),
                    m != c.Tested || c.P95Ratio is not { } ratio ? "" : string.Create(CultureInfo.InvariantCulture, $"{ratio.Median:0.00} ({ratio.Low:0.00}-{ratio.High:0.00})"));
            }
        }

        Console.WriteLine(table);
        Console.WriteLine("The two took turns in ten short rounds; the ratio is the median of the rounds' with their quartiles.");
    }
}
