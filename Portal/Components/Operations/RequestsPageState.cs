using System.Globalization;
using Microsoft.AspNetCore.Http.Extensions;

namespace Engram.Portal.Components.Operations;

/// <summary>Which recorded requests a page shows, all of it in its address.</summary>
/// <param name="Cursor">Where the page begins, as the Api gave it; null for the newest.</param>
public sealed record RequestsPageState(TimeWindow Window, string? Series, string? Operation, string? Outcome, double? MinMs, string? Cursor)
{
    public const int PageSize = 50;

    public static IReadOnlyList<(string Name, string Title)> Outcomes { get; } =
    [
        ("ok", "answered right"),
        ("client_error", "refused"),
        ("provider_fault", "provider fault"),
        ("server_error", "server error"),
        ("cutoff", "cut off"),
        ("shape_fail", "wrong shape"),
    ];

    public static string TitleOf(string outcome) => Outcomes.FirstOrDefault(each => each.Name == outcome).Title ?? outcome;

    public bool IsFiltered => Series is not null || Operation is not null || Outcome is not null || MinMs is not null;

    public string Href => "/requests" + Query(Window.ToQuery()).ToQueryString();

    public static RequestsPageState Of(
        string? range, string? from, string? to, string? series, string? operation, string? outcome, string? minMs, string? cursor, DateTimeOffset now) => new(
        TimeWindow.Of(range, from, to, now),
        LatencyPageState.AllSeries.Any(each => each.Name == series) ? series : null,
        string.IsNullOrWhiteSpace(operation) ? null : operation.Trim(),
        Outcomes.Any(each => each.Name == outcome) ? outcome : null,
        double.TryParse(minMs, NumberStyles.Float, CultureInfo.InvariantCulture, out var least) && least is > 0 and < 1e9 ? least : null,
        string.IsNullOrWhiteSpace(cursor) ? null : cursor);

    public string ToQuery()
    {
        var query = Query(
        [
            KeyValuePair.Create("from", TimeWindow.Wire(Window.From)),
            KeyValuePair.Create("to", TimeWindow.Wire(Window.To)),
            KeyValuePair.Create("limit", PageSize.ToString(CultureInfo.InvariantCulture)),
        ]);
        return query.ToString();
    }

    private QueryBuilder Query(IEnumerable<KeyValuePair<string, string>> window)
    {
        var query = new QueryBuilder(window);
        Add("series", Series);
        Add("operation", Operation);
        Add("outcome", Outcome);
        Add("min_ms", MinMs?.ToString("0.###", CultureInfo.InvariantCulture));
        Add("cursor", Cursor);
        return query;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                query.Add(name, value);
            }
        }
    }
}
