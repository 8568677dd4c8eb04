using System.Text.Json;
using Engram.Smoke.Run;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Groups;

/// <summary>Conditions on memories, in lists and in each arm of a query.</summary>
internal static class FiltersGroup
{
    public static async Task RunAsync(Fixture fixture, Checks checks)
    {
        var api = fixture.Tenant.Api;
        var bucket = fixture.NewBucket("filters");
        var path = $"/v1/buckets/{bucket}/memories";
        var ann = await fixture.StoreAsync(bucket, new
        {
            content = "Marie Curie works at the Sorbonne.",
            user_id = "ann",
            agent_id = "tutor",
            run_id = "monday",
            categories = new[] { "work", "paris" },
            metadata = new { score = 5, topic = "Physics" },
            occurred_at = "2026-01-10T00:00:00Z",
        }, extracted: true);
        var ben = await fixture.StoreAsync(bucket, new
        {
            content = "Marie Curie lives in Sceaux near the zeppelin hangar.",
            user_id = "ben",
            agent_id = "coach",
            run_id = "tuesday",
            categories = new[] { "home" },
            metadata = new { score = 1, topic = "housing" },
            occurred_at = "2026-03-10T00:00:00Z",
        }, extracted: true);
        await ListsAsync(checks, api, path, ann, ben);

        // Without the filter each of these brings up Ben's memory by that very arm.
        await checks.RunAsync("the keyword arm keeps to the filter", () => Query(api, bucket, "zeppelin hangar Curie", new { user_id = "ann" }), reply => Only(reply, ann, ben));
        await checks.RunAsync("the vector arm keeps to the filter", () => Query(api, bucket, "Where is her house, in which town?", new { user_id = "ann" }), reply => Only(reply, ann, ben));
        await checks.RunAsync("the graph arm keeps to the filter", () => Query(api, bucket, "Marie Curie", new { user_id = "ann" }), reply =>
            Only(reply, ann, ben).Where(reply.Items("explanation.graph_facts").All(fact => fact.Text("memory_id") == ann), "facts of Ann's memory only"));
        await checks.RunAsync("an unknown field is named", () => Query(api, bucket, "Curie", new { colour = "red" }), reply => reply.IsProblem(400, "invalid_request", "filters.colour"));
        await checks.RunAsync("an unknown operator is named", () => Query(api, bucket, "Curie", new { user_id = new { near = "ann" } }), reply => reply.IsProblem(400, "invalid_request", "filters.user_id.near"));
    }

    private static async Task ListsAsync(Checks checks, ApiClient api, string path, string ann, string ben)
    {
        await ListAsync("equality", """{"user_id":"ann"}""", ann);
        await ListAsync("a list of values", """{"run_id":["tuesday","friday"]}""", ben);
        await ListAsync("a number in the metadata", """{"metadata.score":{"gte":3}}""", ann);
        await ListAsync("a label", """{"categories":{"contains":"home"}}""", ben);
        await ListAsync("a range of time", """{"occurred_at":{"gte":"2026-02-01T00:00:00Z","lt":"2026-04-01T00:00:00Z"}}""", ben);
        await ListAsync("letters of any case", """{"metadata.topic":{"icontains":"phys"}}""", ann);
        await ListAsync("AND", """{"AND":[{"agent_id":"tutor"},{"metadata.score":5}]}""", ann);
        await ListAsync("NOT", """{"NOT":[{"user_id":"ann"}]}""", ben);
        await checks.RunAsync("lists keep to a filter with OR", () => ListOf("""{"OR":[{"user_id":"ann"},{"user_id":"ben"}]}"""), reply => reply.Is(200).Has("total", 2));
        await checks.RunAsync("lists keep to a status", () => api.GetAsync($"{path}?status=quarantined"), reply => reply.Is(200).Has("total", 0));

        Task ListAsync(string what, string filter, string only) => checks.RunAsync($"lists keep to a filter with {what}", () => ListOf(filter), reply =>
            reply.Is(200).Has("total", 1).HasSame([only], reply.Items("memories").Select(memory => memory.Text("id")), "the memories"));

        Task<Reply> ListOf(string filter) => api.GetAsync($"{path}?filter={Uri.EscapeDataString(filter)}");
    }

    private static Reply Only(Reply reply, string wanted, string other) =>
        reply.Is(200).Without(other).Where(reply.Items("explanation.retrieved_memories").All(memory => memory.Text("memory_id") == wanted), "the filtered memory only").Has("memories_found", 1);

    private static Task<Reply> Query(ApiClient api, string bucket, string query, object filters) =>
        api.PostAsync("/v1/query", JsonSerializer.Serialize(new { query, buckets = new[] { bucket }, filters, options = new { skip_synthesis = true } }));
}
