using System.Globalization;
using System.Text.Json.Nodes;
using Engram.Portal.Client;
using Microsoft.AspNetCore.Http.Extensions;

namespace Engram.Portal.Components.Buckets;

/// <summary>
/// What the memories page of a bucket shows. All of it is in the address, so that Back, reload and a shared link give the
/// same page; this is the translation between that address and what the Api is asked.
/// </summary>
public sealed record MemoriesView(string Bucket, string? Search, string? Status, string? User, string? Category, int Page, string? Agent = null)
{
    public const int PageSize = 20;

    /// <summary>How many memories a search shows; a search ranks, it does not page.</summary>
    public const int SearchDepth = 20;

    public static IReadOnlyList<string> Statuses { get; } = ["stored", "quarantined"];

    public bool IsSearch => Search is not null;

    public bool IsFiltered => IsSearch || Status is not null || User is not null || Category is not null || Agent is not null;

    /// <summary>Whether what is shown can be deleted as a whole: a search ranks everything, so it has no end.</summary>
    public bool CanDeleteMatching => IsFiltered && !IsSearch;

    public static MemoriesView Of(string bucket, string? search = null, string? status = null, string? user = null, string? category = null, int? page = null, string? agent = null) =>
        new(bucket, Clean(search), Statuses.Contains(status) ? status : null, Clean(user), Clean(category), Math.Max(page ?? 1, 1), Clean(agent));

    public string Href
    {
        get
        {
            var query = new QueryBuilder();
            Add(query, "q", Search);
            Add(query, "status", Status);
            Add(query, "user", User);
            Add(query, "agent", Agent);
            Add(query, "category", Category);
            Add(query, "page", Page > 1 ? Page.ToString(CultureInfo.InvariantCulture) : null);
            return $"/buckets/{Uri.EscapeDataString(Bucket)}{query.ToQueryString()}";
        }
    }

    public string HrefOfPage(int page) => (this with { Page = page }).Href;

    public string HrefOfMemory(string id) => $"/buckets/{Uri.EscapeDataString(Bucket)}/memories/{Uri.EscapeDataString(id)}";

    public MemoryListing ToListing() => new(PageSize, (Page - 1) * PageSize, Status, Filter());

    public QueryRequest ToQuery() => new(
        Search ?? "",
        [Bucket],
        Filter(withStatus: true),
        new QueryOptions(SearchDepth, SkipSynthesis: true, ReturnExplanation: true));

    public ApiCall ToCall() => IsSearch
        ? new ApiCall(HttpMethod.Post, "v1/query", ToQuery())
        : new ApiCall(HttpMethod.Get, ApiPaths.Memories(Bucket) + ToListing().ToQueryString());

    private JsonObject? Filter(bool withStatus = false)
    {
        var filter = new JsonObject();
        // A list takes the status beside its filter, a query takes it within.
        if (withStatus && Status is not null)
        {
            filter["status"] = Status;
        }
        if (User is not null)
        {
            filter["user_id"] = User;
        }
        if (Agent is not null)
        {
            filter["agent_id"] = Agent;
        }
        if (Category is not null)
        {
            filter["categories"] = new JsonObject { ["contains"] = Category };
        }
        return filter.Count == 0 ? null : filter;
    }

    private static string? Clean(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();

    private static void Add(QueryBuilder query, string name, string? value)
    {
        if (value is not null)
        {
            query.Add(name, value);
        }
    }
}
