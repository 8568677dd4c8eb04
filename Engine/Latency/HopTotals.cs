namespace Engram.Engine.Latency;

/// <summary>Adds up where the time of each series went.</summary>
internal sealed class HopTotals
{
    private const string Other = "other";

    private readonly SortedDictionary<string, (long Samples, long TotalUs, long[] HopUs)> _series = new(StringComparer.Ordinal);

    /// <summary>Adds operations of a series.</summary>
    /// <param name="series">As recorded; the floor goes into read as well.</param>
    /// <param name="samples">How many.</param>
    /// <param name="totalUs">Their summed microseconds.</param>
    /// <param name="hopUs">Of these, by kind of hop.</param>
    public void Add(string series, long samples, long totalUs, long[] hopUs)
    {
        foreach (var name in LatencyBudgets.SeriesOf(series))
        {
            var sum = _series.TryGetValue(name, out var known) ? known : (0, 0, new long[HopNames.Count]);
            for (var i = 0; i < Math.Min(hopUs.Length, sum.HopUs.Length); i++)
                sum.HopUs[i] += hopUs[i];
            _series[name] = (sum.Samples + samples, sum.TotalUs + totalUs, sum.HopUs);
        }
    }

    /// <summary>The shares of each series, the largest first and what no hop covers last. They add up to 1.</summary>
    public IReadOnlyList<HopPart> Shares() => [.. _series.Where(s => s.Value.TotalUs > 0).SelectMany(s => SharesOf(s.Key, s.Value.Samples, s.Value.TotalUs, s.Value.HopUs))];

    private static IEnumerable<HopPart> SharesOf(string series, long samples, long totalUs, long[] hopUs) =>
    [
        .. hopUs.Select((us, i) => (Hop: HopNames.Of((Hop)i), Us: us)).Where(hop => hop.Us > 0).OrderByDescending(hop => hop.Us)
            .Append((Hop: Other, Us: Math.Max(0, totalUs - hopUs.Sum())))
            .Select(hop => new HopPart(series, hop.Hop, Math.Round((double)hop.Us / totalUs, 5), Math.Round((double)hop.Us / samples) / 1000)),
    ];
}
