using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Load;
using Engram.Benchmarks.Platform;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Mcp;

/// <summary>`mcp-sessions`: what many sessions and many calls leave behind in the MCP server, and what the first call costs, of a session and of a process.</summary>
internal static class McpSessionsCommand
{
    private const double SessionLimit = 60;

    private const int NewSessions = 200;

    private const int Parts = 5;

    public static Command Create()
    {
        var command = new Command("mcp-sessions", "Memory of open sessions and of many calls, and the first call of a session and of a fresh process beside later ones (Linux, on the server's machine)");
        var platform = new PlatformOptions(command, withFloors: true);
        var sessions = new Option<int>("--sessions") { Description = "Sessions opened and kept", DefaultValueFactory = _ => 1_000 };
        var calls = new Option<int>("--calls") { Description = "Calls made in one session", DefaultValueFactory = _ => 10_000 };
        var starts = new Option<int>("--starts") { Description = "Times a second MCP server is started, for the first call of a process", DefaultValueFactory = _ => 10 };
        var json = new Option<FileInfo?>("--json") { Description = "Write the figures to this file as well" };
        foreach (var option in new Option[] { sessions, calls, starts, json })
            command.Add(option);
        command.SetAction(async (result, ct) =>
        {
            var run = new Run(platform.Resolve(result));
            var report = await run.MeasureAsync(result.GetValue(sessions), result.GetValue(calls), result.GetValue(starts), ct);
            Console.WriteLine($"{Environment.NewLine}{Machine.Current()}{Environment.NewLine}{Environment.NewLine}{report}");
            if (result.GetValue(json) is { } file)
                await File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(run.Figures, JsonSerializerOptions.Web), ct);
            return 0;
        });
        return command;
    }

    private sealed class Run(PlatformAddress platform)
    {
        private readonly TextTable _table = new("measured", "value", "target");

        public Dictionary<string, double> Figures { get; } = [];

        public async Task<string> MeasureAsync(int sessions, int calls, int starts, CancellationToken cancellationToken)
        {
            var mcp = platform.Mcp ?? throw new BenchmarkException("--mcp is missing: the address of the MCP server.");
            var process = ProcessTable.Find([("mcp", mcp.Port)]);
            if (process.Read().All(p => p.Name != "mcp"))
                throw new BenchmarkException($"No process of this machine listens on port {mcp.Port}.");

            await FirstCallsAsync(cancellationToken);
            if (starts > 0)
                await StartAsync(starts, cancellationToken);
            using var caller = await EngramTools.OpenAsync(platform, cancellationToken);
            var quiet = await CallAsync(caller, process, calls, cancellationToken);
            await OpenAsync(mcp, process, sessions, quiet, cancellationToken);
            return _table.ToString();
        }

        /// <summary>Whoever just connected waits no longer than others: not for a session, not for something that is made on first use.</summary>
        private async Task FirstCallsAsync(CancellationToken cancellationToken)
        {
            List<double> opening = [], first = [], later = [];
            using var progress = new Progress("first calls", NewSessions);
            for (var i = 0; i < NewSessions; i++)
            {
                var started = Stopwatch.GetTimestamp();
                using var session = await EngramTools.OpenAsync(platform, cancellationToken);
                opening.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                first.Add((await session.CallAsync("list_memories", new { }, cancellationToken)).Milliseconds);
                for (var j = 0; j < 5; j++)
                    later.Add((await session.CallAsync("list_memories", new { }, cancellationToken)).Milliseconds);
                progress.Add();
            }

            var (cold, warm) = (Percentiles.Of(first), Percentiles.Of(later));
            Add("connecting and opening a session, p50 ms", Percentiles.Of(opening).P50, "");
            Add("first call of a session, list_memories, p50 ms", cold.P50, "");
            Add("later calls, p50 ms", warm.P50, "");
            Add("first / later, p50", cold.P50 / warm.P50, "at most 3");
            Add("first / later, p95", cold.P95 / warm.P95, "at most 3");
        }

        /// <summary>The program itself once more, started afresh: its first client must not be the one for whom everything is made.</summary>
        private async Task StartAsync(int starts, CancellationToken cancellationToken)
        {
            var measured = await FirstCalls.MeasureAsync(platform, starts, cancellationToken);
            Add($"fresh process, {starts} starts: connecting and opening the first session, p50 ms", Median(start => start.Opening), "");
            Add("fresh process: first call, list_memories, p50 ms", Median(start => start.Call), "");
            Add("the same processes later: opening a session, p95 ms", Median(start => start.SteadyOpening), "");
            Add("the same processes later: calls, p95 ms", Median(start => start.SteadyCall), "");
            Add("first call of a process / later p95, median", Median(start => start.CallRatio), "at most 3");
            Add("first session and call of a process / later p95, median", Median(start => start.Ratio), "at most 3");
            Add("the worst of the starts", measured.Max(start => start.Ratio), "");

            double Median(Func<FirstCalls.Start, double> of) => Percentiles.Of(measured.Select(of)).P50;
        }

        /// <returns>Megabytes after the last call.</returns>
        private async Task<double> CallAsync(EngramTools caller, ProcessTable process, int calls, CancellationToken cancellationToken)
        {
            var sizes = new List<double> { MegaBytes(process) };
            using var progress = new Progress("calls", calls);
            for (var part = 0; part < Parts; part++)
            {
                for (var i = 0; i < calls / Parts; i++)
                {
                    await caller.CallAsync("list_memories", new { }, cancellationToken);
                    progress.Add();
                }

                sizes.Add(MegaBytes(process));
            }

            // A heap that is still finding its size grows at first; a leak goes on growing.
            Add($"memory before {calls} calls, MB", sizes[0], "");
            Add($"after {calls / Parts}, MB", sizes[1], "");
            Add($"after {calls}, MB", sizes[^1], "");
            Add("growth over the second half of the calls, MB", sizes[^1] - sizes[(Parts + 1) / 2], "none that goes on");
            return sizes[^1];
        }

        private async Task OpenAsync(Uri mcp, ProcessTable process, int sessions, double before, CancellationToken cancellationToken)
        {
            using var connection = await RawConnection.OpenAsync(mcp, cancellationToken);
            var opener = new McpSessions(mcp, platform.Key);
            using (var progress = new Progress("sessions", sessions))
            {
                for (var i = 0; i < sessions; i++)
                {
                    await opener.InitializeAsync(connection, cancellationToken);
                    progress.Add();
                }
            }

            Add($"growth by {sessions} open sessions, MB", MegaBytes(process) - before, string.Create(CultureInfo.InvariantCulture, $"under {SessionLimit:0} for 1000"));
        }

        private static double MegaBytes(ProcessTable process) => process.Read().First(p => p.Name == "mcp").Use.MegaBytes;

        private void Add(string name, double value, string target)
        {
            Figures[name] = value;
            _table.Add(name, value.ToString("0.00", CultureInfo.InvariantCulture), target);
        }
    }
}
