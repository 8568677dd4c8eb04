using Engram.Portal.Client;
using Engram.Portal.Components.Charts;
using Engram.Portal.Components.Operations;

namespace Engram.Portal.Tests;

public sealed class OperationLogicTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);
    private static readonly LatencyPageState OneHour = LatencyPageState.Of("1h", null, null, null, null, Now);

    [Theory]
    [InlineData("1h", null, null, 3600)]
    [InlineData("7d", null, null, 604_800)]
    [InlineData("nonsense", null, null, 86_400)]
    [InlineData("1h", "2026-11-21T10:00:00Z", "2026-11-21T10:01:00Z", 60)]
    [InlineData("1h", "2026-11-21T10:01:00Z", "2026-11-21T10:00:00Z", 3600)]
    public void A_window_is_what_the_address_says_or_its_range(string range, string? from, string? to, int seconds)
    {
        var window = TimeWindow.Of(range, from, to, Now);

        Assert.Equal(seconds, (int)(window.To - window.From).TotalSeconds);
    }

    [Fact]
    public void The_state_of_the_latency_page_survives_its_address()
    {
        Assert.Equal("/latency?range=1h&series=store_accepted&view=on-call", LatencyPageState.Of("1h", null, null, "store_accepted", "on-call", Now).Href);
        Assert.Equal("/latency", LatencyPageState.Of("24h", null, null, "fast", "fine", Now).Href);
        Assert.Equal(
            "/requests?from=2026-11-21T11%3A00%3A00.000Z&to=2026-11-21T11%3A02%3A00.000Z&series=query&outcome=ok&min_ms=11.988",
            OneHour.HrefOfPoint("query", Now.AddHours(-1), 120, 12));
    }

    [Fact]
    public void A_logarithmic_scale_holds_every_value_between_two_powers_of_ten()
    {
        var scale = LogScale.Holding([0.7, 42, 5000, 0, double.NaN]);

        Assert.Equal((0.1, 10_000), (scale.Least, scale.Most));
        Assert.Equal(0.4, scale.Share(4 / 1.0 * Math.Pow(10, 0.39794)), 2);
        Assert.Equal((0.0, 1.0, 0.0), (scale.Share(0.1), scale.Share(1e9), scale.Share(0)));
        Assert.Equal(6, scale.Decades().Count());
        Assert.True(LogScale.Holding([10]).Most > LogScale.Holding([10]).Least);
    }

    [Fact]
    public void A_step_without_samples_interrupts_the_line_instead_of_bridging_it()
    {
        var report = Report([10, 20, null, 40]);

        var chart = LatencyChart.Of(report, report.Of("read")!, OneHour);

        var line = Assert.Single(chart.Lines);
        Assert.Equal([2, 1], line.Runs.Select(run => run.Count));
        Assert.Equal(Now.AddHours(-1).AddMinutes(7), line.Runs[1][0].At);
        Assert.Contains(chart.Levels, level => level is { IsBudget: true, Value: 50 });
    }

    [Fact]
    public void A_deployment_that_began_within_the_window_is_marked_and_the_one_before_is_not()
    {
        var report = Report([10]);
        report = report with { Deploys = [new("1.0+" + new string('a', 40), report.From, 3), new("1.1+0123456789abcdef", Now.AddMinutes(-30), 2)] };

        var chart = LatencyChart.Of(report, report.Of("read")!, OneHour);

        Assert.Equal("1.1+0123456", Assert.Single(chart.Marks).Label);
        Assert.Equal(0.5, chart.Across(chart.Marks[0].At), 3);
    }

    [Fact]
    public void Hops_are_stacked_with_the_largest_first_and_what_no_hop_names_on_top()
    {
        var breakdown = new LatencyBreakdown(Now, Now.AddMinutes(2), 60, "query",
        [
            new(Now, 10, 100, [new("db-read", 20), new("llm-call", 70)]),
            new(Now.AddMinutes(1), 10, 40, [new("db-read", 40)]),
        ]);

        var stack = HopStack.Of(breakdown);

        Assert.Equal(["llm-call", "db-read", HopStack.Between], stack.Hops);
        Assert.Equal(100, stack.FullMs);
        Assert.Equal([0.7, 0.2, 0.1], stack.Columns[0].Parts.Select(part => Math.Round(part.Share, 3)));
        Assert.Equal(0.4, Assert.Single(stack.Columns[1].Parts).Share);
    }

    [Fact]
    public void A_waterfall_stays_in_its_frame_whatever_was_recorded()
    {
        var rows = WaterfallRows.Of(10, [new("serialize", null, 9.5, 1.5), new("auth-decode", null, 0, 0)]);

        Assert.Equal(["auth-decode", "serialize"], rows.Rows.Select(row => row.Hop));
        Assert.Equal(11, rows.TotalMs);
        Assert.All(rows.Rows, row => Assert.True(row is { Left: >= 0, Width: > 0 } && row.Left + row.Width <= 1.0001));
        Assert.Contains("no hop was recorded", WaterfallRows.Of(0, null).Summary, StringComparison.Ordinal);
    }

    private static LatencyReport Report(double?[] p95)
    {
        var from = Now.AddHours(-1);
        LatencyNumbers[] steps = [.. p95.Select((ms, i) => new LatencyNumbers("read", null, from.AddSeconds(i * 120), ms is null ? 0 : 5, ms, ms, ms, 0, null))];
        var whole = new LatencyNumbers("read", null, from, 15, 1, 40, 60, 0, null);
        return new LatencyReport(from, Now, 120, 30_000, [new("read", "read", 50, null, "One round trip.", true, 1.5, "on_target", whole)], [], steps, []);
    }
}
