using System.Globalization;
using Engram.Portal.Client;
using Microsoft.AspNetCore.Http.Extensions;

namespace Engram.Portal.Components.Graph;

/// <summary>What the graph's page shows, all of it in its address.</summary>
/// <param name="Entity">Id or name of the one in the middle; null for the one last spoken of most.</param>
/// <param name="Search">How the entities in the list begin; null for what was last spoken of.</param>
/// <param name="AsOf">Only what held at the end of this day; null for everything that was ever said.</param>
/// <param name="Wide">Whether more neighbours are drawn than are comfortable to read.</param>
public sealed record GraphPageState(string Bucket, string? Entity, int Hops, DateOnly? AsOf, string? Search, bool Wide)
{
    /// <summary>More than these and the picture is a hairball.</summary>
    public const int Comfortable = 20;

    public const int Most = 60;

    private const int Listed = 12;

    public string Href
    {
        get
        {
            var query = new QueryBuilder();
            Add(query, "bucket", Bucket == "default" ? null : Bucket);
            Add(query, "entity", Entity);
            Add(query, "hops", Hops == 2 ? "2" : null);
            Add(query, "as_of", AsOf?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            Add(query, "q", Search);
            Add(query, "wide", Wide ? "yes" : null);
            return "/graph" + query.ToQueryString();
        }
    }

    public string GraphPath
    {
        get
        {
            var query = new QueryBuilder();
            Add(query, "entity", Entity);
            query.Add("hops", Hops.ToString(CultureInfo.InvariantCulture));
            if (AsOf is { } day)
            {
                query.Add("as_of", new DateTimeOffset(day.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).AddSeconds(-1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            }
            query.Add("limit", (Wide ? Most : Comfortable).ToString(CultureInfo.InvariantCulture));
            return $"{ApiPaths.Bucket(Bucket)}/graph{query.ToQueryString()}";
        }
    }

    public string EntitiesPath
    {
        get
        {
            var query = new QueryBuilder();
            Add(query, "q", Search);
            query.Add("limit", Listed.ToString(CultureInfo.InvariantCulture));
            return $"{ApiPaths.Bucket(Bucket)}/entities{query.ToQueryString()}";
        }
    }

    public static GraphPageState Of(string? bucket, string? entity, string? hops, string? asOf, string? search, string? wide) => new(
        Clean(bucket) ?? "default",
        Clean(entity),
        hops == "2" ? 2 : 1,
        DateOnly.TryParseExact(asOf, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) && day < DateOnly.MaxValue ? day : null,
        Clean(search),
        wide == "yes");

    private static string? Clean(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static void Add(QueryBuilder query, string name, string? value)
    {
        if (value is not null)
        {
            query.Add(name, value);
        }
    }
}
