using System.Globalization;
using Engram.Portal.Components.Operations;
using Microsoft.AspNetCore.Http.Extensions;

namespace Engram.Portal.Components.Ledgers;

/// <summary>Which entries of a ledger (faults, calls, audit) a page shows, all of it in its address.</summary>
/// <param name="Page">The portal's page, such as <c>/faults</c>.</param>
/// <param name="Filters">Name and value as the Api and the address both say them, in a fixed order.</param>
/// <param name="Cursor">Where the page begins, as the Api gave it; null for the newest.</param>
public sealed record LedgerState(string Page, TimeWindow Window, IReadOnlyList<KeyValuePair<string, string>> Filters, string? Cursor)
{
    public const string DefaultRange = "7d";
    public const int PageSize = 50;

    public bool IsFiltered => Filters.Count > 0;

    public string Href => Page + Build(Window.ToQuery(DefaultRange), withCursor: true);

    /// <summary>The same entries without what was chosen.</summary>
    public string HrefOfAll => (this with { Filters = [], Cursor = null }).Href;

    public string? this[string name] => Filters.FirstOrDefault(filter => filter.Key == name).Value;

    public static LedgerState Of(string page, string? range, string? from, string? to, string? cursor, DateTimeOffset now, params (string Name, string? Value)[] filters) => new(
        page,
        TimeWindow.Of(range, from, to, now, DefaultRange),
        [.. filters.Where(filter => !string.IsNullOrWhiteSpace(filter.Value)).Select(filter => KeyValuePair.Create(filter.Name, filter.Value!.Trim()))],
        string.IsNullOrWhiteSpace(cursor) ? null : cursor);

    public string HrefOfRange(string range) => (this with { Window = TimeWindow.Of(range, null, null, Window.To, DefaultRange), Cursor = null }).Href;

    public string HrefOlder(string cursor) => (this with { Cursor = cursor }).Href;

    /// <summary>What the Api is asked for one page.</summary>
    public string ToQuery() => Build([.. Moments(), KeyValuePair.Create("limit", PageSize.ToString(CultureInfo.InvariantCulture))], withCursor: true);

    /// <summary>What the Api is asked for everything that matches.</summary>
    public string ToExport() => Build([.. Moments(), KeyValuePair.Create("format", "ndjson")], withCursor: false);

    private IEnumerable<KeyValuePair<string, string>> Moments() =>
        [KeyValuePair.Create("from", TimeWindow.Wire(Window.From)), KeyValuePair.Create("to", TimeWindow.Wire(Window.To))];

    private string Build(IEnumerable<KeyValuePair<string, string>> first, bool withCursor)
    {
        var query = new QueryBuilder(first.Concat(Filters));
        if (withCursor && Cursor is not null)
        {
            query.Add("cursor", Cursor);
        }
        return query.ToString();
    }
}
