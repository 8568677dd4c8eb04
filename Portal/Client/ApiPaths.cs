using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Extensions;

namespace Engram.Portal.Client;

/// <summary>The Api's paths, in one place because the client calls them and "show as curl" prints them.</summary>
public static class ApiPaths
{
    public static string Bucket(string bucket) => $"v1/buckets/{Uri.EscapeDataString(bucket)}";

    public static string Provider(string id) => $"account/providers/{Uri.EscapeDataString(id)}";

    public static string Memories(string bucket) => $"{Bucket(bucket)}/memories";

    public static string Memory(string bucket, string id) => $"{Memories(bucket)}/{Uri.EscapeDataString(id)}";
}

/// <summary>One page of a bucket's memories, newest first.</summary>
/// <param name="Limit">1 to 100.</param>
/// <param name="Offset">Memories to skip.</param>
/// <param name="Filter">The filter language of lists and queries.</param>
public sealed record MemoryListing(int Limit, int Offset, string? Status = null, JsonObject? Filter = null)
{
    public string ToQueryString()
    {
        var query = new QueryBuilder
        {
            { "limit", Limit.ToString(CultureInfo.InvariantCulture) },
            { "offset", Offset.ToString(CultureInfo.InvariantCulture) },
            { "details", "true" },
        };
        Add(query, "status", Status);
        Add(query, "filter", Filter?.ToJsonString(EngramApiClient.Json));
        return query.ToString();
    }

    /// <summary>The same memories, to delete or, first, to count them.</summary>
    public string ToRemovalQuery(bool dryRun)
    {
        var query = new QueryBuilder();
        Add(query, "status", Status);
        Add(query, "filter", Filter?.ToJsonString(EngramApiClient.Json));
        Add(query, "dry_run", dryRun ? "true" : null);
        return query.ToString();
    }

    private static void Add(QueryBuilder query, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            query.Add(name, value);
        }
    }
}
