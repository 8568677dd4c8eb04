namespace Engram.Engine.Latency;

/// <summary>Sorts the sums of hours into series, operations, steps of time, and cold and warm.</summary>
/// <param name="from">Start of the window.</param>
/// <param name="step">Length of a step.</param>
internal sealed class RollupFold(DateTimeOffset from, TimeSpan step)
{
    private readonly SortedDictionary<(string Series, string? Operation, DateTimeOffset From), Cell> _cells = [];
    private readonly SortedDictionary<(string Series, bool Cold), RollupSums> _temperatures = [];
    private readonly Dictionary<string, (DateTimeOffset First, long Count)> _deploys = new(StringComparer.Ordinal);
    private readonly Dictionary<ExclusionCount, long> _exclusions = [];
    private readonly HopTotals _hops = new();

    /// <summary>One part of the result: what was right, and by outcome what was not.</summary>
    private sealed class Cell
    {
        public RollupSums Sums { get; } = new();

        public long Cold { get; set; }

        public Dictionary<string, long> Excluded { get; } = new(StringComparer.Ordinal);
    }

    public void Add(DateTimeOffset hour, string series, string operation, string deployId, bool cold, RollupSums sums)
    {
        foreach (var name in LatencyBudgets.SeriesOf(series))
        {
            foreach (var cell in CellsOf(name, operation, hour))
            {
                cell.Sums.Add(sums);
                cell.Cold += cold ? sums.Sketch.Count : 0;
            }

            if (!_temperatures.TryGetValue((name, cold), out var temperature))
                _temperatures[(name, cold)] = temperature = new RollupSums();
            temperature.Add(sums);
        }

        if (sums.HopTotalUs > 0)
            _hops.Add(series, sums.Sketch.Count, sums.HopTotalUs, sums.HopUs);
        Mark(deployId, hour, sums.Sketch.Count);
    }

    public void Exclude(DateTimeOffset hour, string deployId, ExclusionCount exclusion)
    {
        foreach (var name in LatencyBudgets.SeriesOf(exclusion.Series))
        {
            foreach (var cell in CellsOf(name, exclusion.Operation, hour))
                cell.Excluded[exclusion.Outcome] = cell.Excluded.GetValueOrDefault(exclusion.Outcome) + exclusion.Count;
        }

        var cause = exclusion with { Count = 0 };
        _exclusions[cause] = _exclusions.GetValueOrDefault(cause) + exclusion.Count;
        Mark(deployId, hour, exclusion.Count);
    }

    public LatencyWindow ToWindow(DateTimeOffset to) => new(from, to, LatencyMethod.Sketch)
    {
        Series = [.. _cells.Where(c => c.Key is { Operation: null, From.Ticks: 0 }).Select(c => NumbersOf(c.Key.Series, null, from, c.Value))],
        Operations = [.. _cells.Where(c => c.Key.Operation is not null).Select(c => NumbersOf(c.Key.Series, c.Key.Operation, from, c.Value))],
        Steps = [.. _cells.Where(c => c.Key is { Operation: null, From.Ticks: > 0 }).Select(c => NumbersOf(c.Key.Series, null, c.Key.From, c.Value))],
        Temperatures =
        [
            .. _temperatures.Select(t => new TemperaturePercentiles(
                t.Key.Series, t.Key.Cold, t.Value.Sketch.Count, MeanMs(t.Value)!.Value, Ms(t.Value, 0.5)!.Value, Ms(t.Value, 0.95)!.Value, Ms(t.Value, 0.99)!.Value)),
        ],
        Hops = _hops.Shares(),
        Deploys = [.. _deploys.Select(d => new DeployMark(d.Key, d.Value.First, d.Value.Count)).OrderBy(d => d.FirstAt).ThenBy(d => d.DeployId, StringComparer.Ordinal)],
        Exclusions =
        [
            .. _exclusions.Select(e => e.Key with { Count = e.Value })
                .OrderByDescending(e => e.Count).ThenBy(e => e.Series, StringComparer.Ordinal).ThenBy(e => e.Operation, StringComparer.Ordinal)
                .ThenBy(e => e.Outcome, StringComparer.Ordinal).ThenBy(e => e.Cause, StringComparer.Ordinal),
        ],
    };

    private IEnumerable<Cell> CellsOf(string series, string operation, DateTimeOffset hour)
    {
        yield return CellOf((series, null, default));
        yield return CellOf((series, operation, default));
        yield return CellOf((series, null, from + (step * Math.Floor((hour - from) / step))));
    }

    private Cell CellOf((string Series, string? Operation, DateTimeOffset From) key)
    {
        if (!_cells.TryGetValue(key, out var cell))
            _cells[key] = cell = new Cell();
        return cell;
    }

    private void Mark(string deployId, DateTimeOffset hour, long operations)
    {
        var (first, count) = _deploys.TryGetValue(deployId, out var known) ? known : (hour, 0);
        _deploys[deployId] = (hour < first ? hour : first, count + operations);
    }

    private static LatencyNumbers NumbersOf(string series, string? operation, DateTimeOffset at, Cell cell) => new(
        series, operation, at, cell.Sums.Sketch.Count, MeanMs(cell.Sums), Ms(cell.Sums, 0.5), Ms(cell.Sums, 0.95), Ms(cell.Sums, 0.99), cell.Cold,
        new ExcludedCounts(
            cell.Excluded.GetValueOrDefault(OpNames.Of(OpOutcome.Cutoff)),
            cell.Excluded.GetValueOrDefault(OpNames.Of(OpOutcome.ShapeFail)),
            cell.Excluded.GetValueOrDefault(OpNames.Of(OpOutcome.ClientError)),
            cell.Excluded.GetValueOrDefault(OpNames.Of(OpOutcome.ProviderFault)),
            cell.Excluded.GetValueOrDefault(OpNames.Of(OpOutcome.ServerError))));

    private static double? Ms(RollupSums sums, double quantile) => sums.Sketch.Quantile(quantile) is { } us ? Math.Round(us / 1000, 6) : null;

    private static double? MeanMs(RollupSums sums) => sums.Sketch.Count == 0 ? null : Math.Round((double)sums.TotalUs / sums.Sketch.Count) / 1000;
}
