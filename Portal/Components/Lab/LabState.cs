using System.Globalization;
using Engram.Portal.Client;
using Microsoft.AspNetCore.Http.Extensions;

namespace Engram.Portal.Components.Lab;

/// <summary>How a query is asked.</summary>
/// <param name="TopK">Most memories, 1 to 50.</param>
/// <param name="Answer">Whether an answer is written, or memories are only found.</param>
/// <param name="MinSimilarity">Lowest cosine similarity, or null.</param>
/// <param name="AsOf">Facts as they held on this day, or null for now.</param>
public sealed record LabSetting(int TopK, bool Answer, double? MinSimilarity, DateOnly? AsOf)
{
    public const int MostMemories = 50;

    public static LabSetting Default { get; } = new(8, true, null, null);

    public static LabSetting Of(string? topK, string? answer, string? minSimilarity, string? asOf) => new(
        int.TryParse(topK, NumberStyles.None, CultureInfo.InvariantCulture, out var k) ? Math.Clamp(k, 1, MostMemories) : Default.TopK,
        answer != "no",
        double.TryParse(minSimilarity, NumberStyles.Float, CultureInfo.InvariantCulture, out var least) && least is >= -1 and <= 1 ? least : null,
        DateOnly.TryParseExact(asOf, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null);

    public void AddTo(QueryBuilder query, string prefix)
    {
        if (TopK != Default.TopK)
        {
            query.Add(prefix + "k", TopK.ToString(CultureInfo.InvariantCulture));
        }
        if (!Answer)
        {
            query.Add(prefix + "answer", "no");
        }
        if (MinSimilarity is { } least)
        {
            query.Add(prefix + "min", least.ToString("0.###", CultureInfo.InvariantCulture));
        }
        if (AsOf is { } day)
        {
            query.Add(prefix + "as_of", day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
        }
    }

    public QueryOptions ToOptions() => new(
        TopK, !Answer, true, MinSimilarity, AsOf is { } day ? new DateTimeOffset(day.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero).AddSeconds(-1) : null);
}

/// <summary>What the query lab shows, all of it in its address: a question and one setting, or two side by side.</summary>
public sealed record LabState(string? Query, IReadOnlyList<string> Buckets, LabSetting A, LabSetting? B)
{
    public string Href
    {
        get
        {
            var query = new QueryBuilder();
            if (Query is not null)
            {
                query.Add("q", Query);
            }
            foreach (var bucket in Buckets)
            {
                query.Add("bucket", bucket);
            }
            A.AddTo(query, "");
            if (B is not null)
            {
                query.Add("compare", "yes");
                B.AddTo(query, "b_");
            }
            return "/query" + query.ToQueryString();
        }
    }

    public static LabState Of(string? query, IEnumerable<string>? buckets, LabSetting a, LabSetting? b) => new(
        string.IsNullOrWhiteSpace(query) ? null : query.Trim(),
        [.. (buckets ?? []).Where(bucket => !string.IsNullOrWhiteSpace(bucket)).Distinct(StringComparer.Ordinal)],
        a,
        b);

    public QueryRequest ToRequest(LabSetting setting) => new(Query ?? "", Buckets.Count == 0 ? ["default"] : Buckets, null, setting.ToOptions());

    public ApiCall ToCall(LabSetting setting) => new(HttpMethod.Post, "v1/query", ToRequest(setting));

    // A record compares a list by identity; two addresses that say the same are the same.
    public bool Equals(LabState? other) => other is not null && Href == other.Href;

    public override int GetHashCode() => Href.GetHashCode(StringComparison.Ordinal);
}
