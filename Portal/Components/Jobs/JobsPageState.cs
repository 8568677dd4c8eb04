using Microsoft.AspNetCore.Http.Extensions;

namespace Engram.Portal.Components.Jobs;

/// <summary>Which extraction jobs a page shows, all of it in its address.</summary>
/// <param name="Before">The last job of the page before; null for the newest.</param>
public sealed record JobsPageState(string? State, string? Before)
{
    public const int PageSize = 50;

    public static IReadOnlyList<(string Name, string Title)> States { get; } =
        [("queued", "Waiting"), ("running", "Running"), ("dead", "Failed for good"), ("done", "Done")];

    public string Href => "/jobs" + Build([]);

    public static JobsPageState Of(string? state, string? before) =>
        new(States.Any(each => each.Name == state) ? state : null, Guid.TryParse(before, out _) ? before : null);

    public string ToQuery() => Build([KeyValuePair.Create("limit", PageSize.ToString(System.Globalization.CultureInfo.InvariantCulture))]);

    private string Build(IEnumerable<KeyValuePair<string, string>> first)
    {
        var query = new QueryBuilder(first);
        if (State is not null)
        {
            query.Add("state", State);
        }
        if (Before is not null)
        {
            query.Add("before", Before);
        }
        return query.ToString();
    }
}
