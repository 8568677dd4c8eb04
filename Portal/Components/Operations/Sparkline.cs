using Engram.Portal.Client;
using Engram.Portal.Components.Charts;

namespace Engram.Portal.Components.Operations;

/// <summary>The p95 of a class in a few pixels, with its budget: corners in a square of 100 by 100 whose origin is the top left.</summary>
/// <param name="Runs">Corners of each stretch without a gap.</param>
/// <param name="Budget">Where the budget lies, from the top.</param>
public sealed record Sparkline(IReadOnlyList<string> Runs, double Budget)
{
    public static Sparkline Of(LatencyReport report, SeriesReport series)
    {
        var chart = LatencyChart.Of(report, series, new LatencyPageState(new TimeWindow(null, report.From, report.To), null, LatencyPageState.Users));
        return new Sparkline(
            [.. chart.Lines.SelectMany(line => line.Runs).Select(chart.Corners)],
            (1 - LogScale.Holding([.. chart.Lines.SelectMany(line => line.Points).Select(point => point.Value), series.P95BudgetMs]).Share(series.P95BudgetMs)) * 100);
    }
}
