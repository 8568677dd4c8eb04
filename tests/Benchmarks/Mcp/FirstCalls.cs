using System.Diagnostics;
using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Platform;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Mcp;

/// <summary>What the first client of a process that has just become ready waits for: the program's own first time at everything.</summary>
internal static class FirstCalls
{
    private const string Tool = "list_memories";

    private const int SteadySessions = 100;

    private const int CallsPerSession = 5;

    /// <summary>One start.</summary>
    /// <param name="Opening">Connecting and opening a session, the first time.</param>
    /// <param name="Call">The call after it, the first time.</param>
    /// <param name="SteadyOpening">The 95th percentile of opening sessions, later, in the same process.</param>
    /// <param name="SteadyCall">The 95th percentile of calls, later, in the same process.</param>
    public sealed record Start(double Opening, double Call, double SteadyOpening, double SteadyCall)
    {
        /// <summary>How much longer the first client waits for its first answer than one in twenty waits later.</summary>
        public double Ratio => (Opening + Call) / (SteadyOpening + SteadyCall);

        public double CallRatio => Call / SteadyCall;
    }

    /// <param name="platform">Where the MCP server runs whose like is started.</param>
    /// <param name="starts">How often.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<IReadOnlyList<Start>> MeasureAsync(PlatformAddress platform, int starts, CancellationToken cancellationToken)
    {
        // This program's own first time at everything must not be in it: it gets that over with at the server that runs.
        await SteadyAsync(platform, cancellationToken);
        using var progress = new Progress("starts of the MCP server", starts);
        var measured = new List<Start>();
        for (var i = 0; i < starts; i++)
        {
            await using var twin = await HostTwin.StartAsync(platform.Mcp!, [], cancellationToken);
            var there = platform with { Mcp = new Uri(twin.Address, platform.Mcp!.AbsolutePath) };
            var (opening, calls) = await SessionAsync(there, 1, cancellationToken);
            var (steadyOpening, steadyCall) = await SteadyAsync(there, cancellationToken);
            measured.Add(new Start(opening, calls[0], steadyOpening, steadyCall));
            progress.Add();
        }

        return measured;
    }

    private static async Task<(double Opening, double Call)> SteadyAsync(PlatformAddress platform, CancellationToken cancellationToken)
    {
        List<double> openings = [], later = [];
        for (var i = 0; i < SteadySessions; i++)
        {
            var (opening, calls) = await SessionAsync(platform, CallsPerSession, cancellationToken);
            openings.Add(opening);
            later.AddRange(calls);
        }

        return (Percentiles.Of(openings).P95, Percentiles.Of(later).P95);
    }

    private static async Task<(double Opening, List<double> Calls)> SessionAsync(PlatformAddress platform, int calls, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        using var session = await EngramTools.OpenAsync(platform, cancellationToken);
        var opening = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        var times = new List<double>();
        for (var i = 0; i < calls; i++)
            times.Add((await session.CallAsync(Tool, new { }, cancellationToken)).Milliseconds);
        return (opening, times);
    }
}
