using System.Diagnostics;

namespace Engram.Engine.Latency;

/// <summary>
/// Divides the time of an operation among the kinds of its hops. Hops lie inside one another (a tool's work holds its reads) and beside one another
/// (the arms of a query), so their lengths do not add up to anything; here every moment belongs to the one hop that began last of those running.
/// What no hop covers is the host's own.
/// </summary>
internal static class HopShares
{
    /// <summary>Microseconds of each kind of hop, in the order of <see cref="Hop"/>. Their sum is the operation's duration at most.</summary>
    public static int[] Of(OperationRecord record)
    {
        var end = record.Started + (long)(record.Duration.TotalSeconds * Stopwatch.Frequency);
        var hops = record.Hops
            .Select(hop => (hop.Hop, From: Math.Clamp(hop.Started, record.Started, end), To: Math.Clamp(hop.Started + hop.Ticks, record.Started, end)))
            .Where(hop => hop.To > hop.From)
            .ToArray();
        var moments = hops.SelectMany(hop => new[] { hop.From, hop.To }).Distinct().Order().ToArray();
        var ticks = new long[HopNames.Count];
        for (var i = 1; i < moments.Length; i++)
        {
            var (from, to) = (moments[i - 1], moments[i]);
            var running = hops.Where(hop => hop.From <= from && hop.To >= to).ToArray();
            if (running.Length > 0)
                ticks[(int)running.MaxBy(hop => (hop.From, -hop.To)).Hop] += to - from;
        }

        // An extraction may have waited in the queue for longer than an int of microseconds holds (36 minutes): it is no sample by then.
        return Array.ConvertAll(ticks, t => (int)Math.Min(int.MaxValue, Stopwatch.GetElapsedTime(0, t).Ticks / TimeSpan.TicksPerMicrosecond));
    }
}
