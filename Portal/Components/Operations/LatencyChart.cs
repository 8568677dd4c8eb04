using Engram.Portal.Client;
using Engram.Portal.Components.Charts;
using Engram.Portal.Components.Controls;

namespace Engram.Portal.Components.Operations;

/// <summary>Makes the chart of one series, and the sentences and rows that say the same without it.</summary>
public static class LatencyChart
{
    /// <summary>What people make of a wait, from the research on perception that the budgets come from.</summary>
    public static IReadOnlyList<(double Ms, string Title, string Meaning)> Tiers { get; } =
    [
        (100, "100 ms", "feels instant"),
        (300, "300 ms", "feels direct, though not instant"),
        (1_000, "1 s", "the train of thought holds"),
        (3_000, "3 s", "a wait that is noticed"),
        (10_000, "10 s", "attention is gone"),
    ];

    public static TimeChart Of(LatencyReport report, SeriesReport series, LatencyPageState state)
    {
        var steps = StepsOf(report, series.Series);
        var lines = LinesOf(report, steps, series.Series, state);
        var values = lines.SelectMany(line => line.Points).Select(point => point.Value).ToArray();
        var scale = LogScale.Holding(state.View == LatencyPageState.Floor && values.Length > 0 ? values : [.. values, series.P95BudgetMs]);
        var levels = Tiers.Where(tier => scale.Holds(tier.Ms)).Select(tier => new ChartLevel(tier.Ms, tier.Title, false)).ToList();
        if (state.View != LatencyPageState.Floor)
        {
            levels.Add(new ChartLevel(series.P95BudgetMs, $"budget {Figures.Duration(series.P95BudgetMs)}", true));
        }
        return new TimeChart(report.From, report.To, scale, lines, levels, MarksOf(report));
    }

    /// <summary>One paragraph that says what the chart shows.</summary>
    public static string Summary(LatencyReport report, SeriesReport series, LatencyPageState state)
    {
        if (series.Numbers is not { Samples: > 0 } numbers)
        {
            return $"No operation of this kind in this window. The budget is p95 {Figures.Duration(series.P95BudgetMs)}.";
        }
        var steps = StepsOf(report, series.Series).Where(step => step.Samples > 0).ToArray();
        if (state.View == LatencyPageState.Floor)
        {
            return $"Half of {Figures.Plural(numbers.Samples, "operation", "operations")} were done within {Figures.Duration(numbers.P50Ms)}; "
                + $"by step between {Figures.Duration(steps.Min(step => step.P50Ms))} and {Figures.Duration(steps.Max(step => step.P50Ms))}.";
        }
        var over = steps.Count(step => step.P95Ms > series.P95BudgetMs);
        var words = $"p95 {Figures.Duration(numbers.P95Ms)} of {Figures.Duration(series.P95BudgetMs)} over {Figures.Plural(numbers.Samples, "operation", "operations")}; "
            + (over == 0 ? "no step was over budget." : $"{over} of {Figures.Plural(steps.Length, "step", "steps")} over budget.");
        return state.View == LatencyPageState.OnCall && numbers.P99Ms is { } p99
            ? $"{words} p99 is {Figures.Duration(p99)}, {series.TailRatio:0.0#} times p95."
            : words;
    }

    public static IReadOnlyList<LatencyNumbers> StepsOf(LatencyReport report, string series) =>
        [.. report.Steps.Where(step => step.Series == series).OrderBy(step => step.From)];

    private static List<ChartLine> LinesOf(LatencyReport report, IReadOnlyList<LatencyNumbers> steps, string series, LatencyPageState state)
    {
        var p95 = LineOf("p95", "solid", step => step.P95Ms);
        return state.View switch
        {
            LatencyPageState.OnCall => [p95, LineOf("p99", "dashed", step => step.P99Ms)],
            LatencyPageState.Floor => [LineOf("p50", "dotted", step => step.P50Ms)],
            _ => [p95],
        };

        ChartLine LineOf(string name, string style, Func<LatencyNumbers, double?> value)
        {
            var runs = new List<List<ChartPoint>>();
            DateTimeOffset? expected = null;
            foreach (var step in steps)
            {
                if (value(step) is not { } ms)
                {
                    continue;
                }
                if (step.From != expected)
                {
                    runs.Add([]);
                }
                expected = step.From.AddSeconds(report.StepSeconds);
                var middle = step.From.AddSeconds(report.StepSeconds / 2.0);
                runs[^1].Add(new ChartPoint(
                    middle < report.To ? middle : report.To,
                    ms,
                    $"{state.Window.Label(step.From)} UTC: {name} {Figures.Duration(ms)}, {Figures.Plural(step.Samples, "operation", "operations")}",
                    state.HrefOfPoint(series, step.From, report.StepSeconds, ms)));
            }
            return new ChartLine(name, style, runs);
        }
    }

    /// <summary>A build's commit is 40 digits; seven are enough to know it by.</summary>
    internal static string ShortOf(string deployId) =>
        deployId.IndexOf('+', StringComparison.Ordinal) is > 0 and var plus && deployId.Length > plus + 8 ? deployId[..(plus + 8)] : deployId;

    // The deployment that was there when the window began is not news.
    private static ChartMark[] MarksOf(LatencyReport report) =>
    [
        .. (report.Deploys ?? []).OrderBy(deploy => deploy.FirstAt).Skip(1).Where(deploy => deploy.FirstAt > report.From).Select(deploy => new ChartMark(deploy.FirstAt, ShortOf(deploy.DeployId))),
    ];
}
