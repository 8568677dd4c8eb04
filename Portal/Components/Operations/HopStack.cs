using Engram.Portal.Client;

namespace Engram.Portal.Components.Operations;

/// <summary>One part of a stacked column.</summary>
/// <param name="Share">Of the chart's full height, from 0 to 1.</param>
public sealed record HopPart(string Hop, double MeanMs, double Share, int Pattern);

public sealed record HopColumn(DateTimeOffset From, long Operations, double MeanMs, IReadOnlyList<HopPart> Parts);

/// <summary>The hops of a series, stacked by step: where the time of an average operation goes.</summary>
/// <param name="Hops">Every hop there is, largest first: the order of the stack and of the legend.</param>
/// <param name="FullMs">The chart's full height.</param>
public sealed record HopStack(IReadOnlyList<string> Hops, IReadOnlyList<HopColumn> Columns, double FullMs)
{
    /// <summary>The part of an operation's time that no hop names.</summary>
    public const string Between = "in between";

    public static HopStack Of(LatencyBreakdown breakdown)
    {
        var totals = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var step in breakdown.Hops)
        {
            foreach (var hop in PartsOf(step))
            {
                totals[hop.Hop] = totals.GetValueOrDefault(hop.Hop) + (hop.MeanMs * step.Operations);
            }
        }
        var hops = totals.OrderByDescending(hop => hop.Value).Select(hop => hop.Key).ToList();
        var full = breakdown.Hops.Select(step => PartsOf(step).Sum(hop => hop.MeanMs)).DefaultIfEmpty(0).Max();
        return new HopStack(hops, [.. breakdown.Hops.Select(step => new HopColumn(step.From, step.Operations, step.MeanMs,
        [
            .. PartsOf(step).OrderBy(hop => hops.IndexOf(hop.Hop)).Select(hop => new HopPart(hop.Hop, hop.MeanMs, full > 0 ? hop.MeanMs / full : 0, hops.IndexOf(hop.Hop))),
        ]))], full);
    }

    private static IEnumerable<HopShare> PartsOf(HopStep step)
    {
        foreach (var hop in step.Hops)
        {
            yield return hop;
        }
        // Hops may run side by side and then sum up to more than the whole; there is nothing in between then.
        var between = step.MeanMs - step.Hops.Sum(hop => hop.MeanMs);
        if (between > step.MeanMs * 0.01)
        {
            yield return new HopShare(Between, between);
        }
    }
}
