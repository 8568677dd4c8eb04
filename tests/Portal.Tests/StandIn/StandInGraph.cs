using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Engram.Portal.Tests.StandIn;

/// <summary>The two routes of the graph, over a few facts that never change.</summary>
internal static class StandInGraph
{
    private static readonly string[] Names = ["Ada", "Lisbon", "Grace", "Portugal"];

    private static readonly (int Subject, string Predicate, int Object, string? From, string? To)[] Facts =
        [(0, "lives_in", 1, "2026-03-02T00:00:00Z", null), (0, "lives_in", 2, "2026-01-01T00:00:00Z", "2026-03-02T00:00:00Z"), (2, "knows", 0, null, null), (1, "part_of", 3, null, null)];

    public static void Map(IEndpointRouteBuilder app, StandInTenant tenant)
    {
        app.MapGet("/v1/buckets/{bucket}/entities", (string bucket, string? q) => tenant.Bucket(bucket) is { } found
            ? Results.Json(new
            {
                entities = found.Memories.Count == 0 ? [] : Names.Index().Where(name => q is null || name.Item.StartsWith(q, StringComparison.OrdinalIgnoreCase))
                    .Select(name => new { id = IdOf(name.Index), name = name.Item, kind = (string?)null, facts = 2 }),
            })
            : StandInRoutes.Problem(404, "bucket_not_found", "There is no such bucket."));
        app.MapGet("/v1/buckets/{bucket}/graph", (string bucket, string? entity, int hops, DateTimeOffset? as_of) =>
            tenant.Bucket(bucket) is not { } found ? StandInRoutes.Problem(404, "bucket_not_found", "There is no such bucket.")
            : found.Memories.Count == 0 ? Results.Json(new { hops, nodes = Array.Empty<object>(), edges = Array.Empty<object>(), more = 0 })
            : entity is not null && !Enumerable.Range(0, Names.Length).Any(i => IdOf(i) == entity || Names[i] == entity) ? StandInRoutes.Problem(404, "entity_not_found", "There is no such entity in this bucket.")
            : Results.Json(Around(hops, as_of, found.Memories[0].Id)));
    }

    private static object Around(int hops, DateTimeOffset? asOf, string memory) => new
    {
        center_id = IdOf(0),
        hops,
        nodes = Names.Index().Take(hops == 1 ? 3 : 4).Select(name => new { id = IdOf(name.Index), name = name.Item, depth = name.Index switch { 0 => 0, 3 => 2, _ => 1 }, facts = 2 }),
        edges = Facts.Take(hops == 1 ? 3 : 4)
            .Where(fact => asOf is null || ((fact.From is null || Time(fact.From) <= asOf) && (fact.To is null || Time(fact.To) > asOf)))
            .Select(fact => new
            {
                id = $"{fact.Subject}-{fact.Object}",
                subject_id = IdOf(fact.Subject),
                predicate = fact.Predicate,
                object_id = IdOf(fact.Object),
                negated = false,
                confidence = 0.9,
                valid_from = fact.From,
                valid_to = fact.To,
                superseded = fact.To is not null,
                memory_ids = new[] { memory },
            }),
        more = 5,
        earliest_at = Facts[1].From,
        latest_at = Facts[0].From,
    };

    private static string IdOf(int name) => $"00000000-0000-7000-8000-00000000000{name}";

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
