using System.Diagnostics;

namespace Engram.Engine.Latency;

/// <summary>
/// Divides the time of an operation among the kinds of its hops. Hops lie inside one another (a tool's work holds its reads) and beside one another
/// (the arms of a query), so their lengths do not add up to anything; here every moment belongs to the one hop that began last of those running.
/// What no hop covers is the host's own.
/// </summary>
internal static class HopShares
{
    private const int Few = 16;

    /// <summary>Microseconds of each kind of hop, in the order of <see cref="Hop"/>. Their sum is the operation's duration at most.</summary>
    /// <param name="record">The operation.</param>
    /// <param name="shares">Gets a number for each of the <see cref="HopNames.Count"/> kinds.</param>
    public static void Write(OperationRecord record, Span<int> shares)
    {
        // Every request that was ever recorded goes through here, so nothing is allocated for the usual handful of hops.
        var count = record.Hops.Count;
        Span<Stretch> hops = count <= Few ? stackalloc Stretch[count] : new Stretch[count];
        Span<long> moments = count <= Few ? stackalloc long[count * 2] : new long[count * 2];
        var end = record.Started + (long)(record.Duration.TotalSeconds * Stopwatch.Frequency);
        for (var i = 0; i < count; i++)
        {
            var hop = record.Hops[i];
            hops[i] = new Stretch(
                hop.Hop, Math.Clamp(hop.Started, record.Started, end), Math.Clamp(hop.Started + hop.Ticks, record.Started, end));
            (moments[2 * i], moments[(2 * i) + 1]) = (hops[i].From, hops[i].To);
        }

        moments.Sort();
        Span<long> ticks = stackalloc long[HopNames.Count];
        ticks.Clear();
        for (var i = 1; i < moments.Length; i++)
        {
            if (moments[i] > moments[i - 1] && Innermost(hops, moments[i - 1], moments[i]) is { } hop)
                ticks[(int)hop] += moments[i] - moments[i - 1];
        }

        // An extraction may have waited in the queue for longer than an int of microseconds holds (36 minutes): it is no sample by then.
        for (var i = 0; i < ticks.Length; i++)
            shares[i] = (int)Math.Min(int.MaxValue, Stopwatch.GetElapsedTime(0, ticks[i]).Ticks / TimeSpan.TicksPerMicrosecond);
    }

    /// <summary>Of the hops that run all through a stretch of time the one that began last, and of those the one that ends first.</summary>
    private static Hop? Innermost(ReadOnlySpan<Stretch> hops, long from, long to)
    {
        Stretch? innermost = null;
        foreach (var hop in hops)
        {
            if (hop.From <= from && hop.To >= to && (innermost is not { } other || hop.From > other.From || (hop.From == other.From && hop.To < other.To)))
                innermost = hop;
        }

        return innermost?.Hop;
    }

    /// <summary>A hop as far as it lies within its operation, in <see cref="Stopwatch"/> ticks.</summary>
    private readonly record struct Stretch(Hop Hop, long From, long To);
}
