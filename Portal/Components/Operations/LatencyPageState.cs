using Engram.Portal.Client;
using Microsoft.AspNetCore.Http.Extensions;

namespace Engram.Portal.Components.Operations;

/// <summary>What the latency page shows, all of it in its address.</summary>
/// <param name="Series">The series looked at closer; null for the four classes side by side.</param>
/// <param name="View">Who looks: <see cref="Users"/>, <see cref="OnCall"/> or <see cref="Floor"/>.</param>
public sealed record LatencyPageState(TimeWindow Window, string? Series, string View)
{
    /// <summary>What users feel: p95 against its budget.</summary>
    public const string Users = "users";

    /// <summary>For who is on call: p99 beside p95, since the ratio tells a heavy tail from a slow service.</summary>
    public const string OnCall = "on-call";

    /// <summary>p50, which is only good for one thing: how near the fastest path is to its floor.</summary>
    public const string Floor = "floor";

    public static IReadOnlyList<(string Name, string Title, string Meaning)> Views { get; } =
    [
        (Users, "What users feel", "p95 against its budget"),
        (OnCall, "For on-call", "p99 beside p95, and their ratio"),
        (Floor, "The floor", "p50: how fast it is when nothing is in the way"),
    ];

    /// <summary>The four classes, then the parts of them with a budget of their own.</summary>
    public static IReadOnlyList<(string Name, string Title)> AllSeries { get; } =
    [
        ("read", "Read"),
        ("mcp", "MCP tools"),
        ("store", "Store, to its triples"),
        ("query", "Query with an answer"),
        ("floor", "Floor: the simplest read"),
        ("store_accepted", "Store, to its receipt"),
        ("search", "Query without an answer"),
    ];

    public static IReadOnlyList<(string Name, string Title)> Classes => [.. AllSeries.Take(4)];

    public static string TitleOf(string series) => AllSeries.FirstOrDefault(each => each.Name == series).Title ?? series;

    public string Href
    {
        get
        {
            var query = new QueryBuilder(Window.ToQuery());
            if (Series is not null)
            {
                query.Add("series", Series);
            }
            if (View != Users)
            {
                query.Add("view", View);
            }
            return "/latency" + query.ToQueryString();
        }
    }

    public static LatencyPageState Of(string? range, string? from, string? to, string? series, string? view, DateTimeOffset now) => new(
        TimeWindow.Of(range, from, to, now),
        AllSeries.Any(each => each.Name == series) ? series : null,
        Views.Any(each => each.Name == view) ? view! : Users);

    /// <summary>What the Api is asked for; the length of a step is its to choose, since it knows which windows it reads from roll-ups.</summary>
    public string ToQuery() => new QueryBuilder { { "from", TimeWindow.Wire(Window.From) }, { "to", TimeWindow.Wire(Window.To) } }.ToString();

    /// <summary>The hops of the series, in the steps of the percentiles above them.</summary>
    public string ToBreakdownQuery(LatencyReport report)
    {
        var query = new QueryBuilder
        {
            { "from", TimeWindow.Wire(report.From) },
            { "to", TimeWindow.Wire(report.To) },
            { "step_seconds", report.StepSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture) },
        };
        if (Series is not null)
        {
            query.Add("series", Series);
        }
        return query.ToString();
    }

    /// <summary>The requests behind one point of a chart: those of its step that were not faster than it.</summary>
    public string HrefOfPoint(string series, DateTimeOffset stepFrom, int stepSeconds, double minMs) => new RequestsPageState(
        new TimeWindow(null, stepFrom, stepFrom.AddSeconds(stepSeconds)), series, null, "ok", Math.Round(minMs * 0.999, 3), null).Href;

    /// <summary>The words of a tail's band, which say what to do and not only how it is.</summary>
    public static string TailWords(SeriesReport series) => series.Tail switch
    {
        "on_target" => "tail on target",
        "healthy" => "tail healthy",
        "watch" => "watch the tail",
        "tail_issue" => "tail issue",
        _ => "no samples",
    };
}
