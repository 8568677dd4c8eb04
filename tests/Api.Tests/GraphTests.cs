using System.Net;
using Engram.Engine.Keys;

namespace Engram.Api.Tests;

public class GraphTests(ApiFixture fixture)
{
    [Fact]
    public async Task The_graph_of_a_bucket_is_found_by_name_and_read_with_its_sources()
    {
        var tenant = await fixture.NewTenantAsync();
        var memory = await tenant.Http.StoreAsync("notes", "Ann lives in Lisbon.");
        await SayAsync(tenant, memory, "Ann", "lives_in", "Lisbon");

        var entities = await tenant.Http.GetJsonAsync("/v1/buckets/notes/entities?q=an");
        var graph = await tenant.Http.GetJsonAsync("/v1/buckets/notes/graph?entity=ANN&hops=2&as_of=2026-06-30");

        var ann = Assert.Single(entities.GetProperty("entities").EnumerateArray());
        Assert.Equal(("Ann", 1), (ann.Text("name"), ann.GetProperty("facts").GetInt32()));
        var edge = Assert.Single(graph.GetProperty("edges").EnumerateArray());
        Assert.Equal((ann.Text("id"), "lives_in", memory), (edge.Text("subject_id"), edge.Text("predicate"), edge.GetProperty("memory_ids")[0].GetString()));
        Assert.Equal(ann.Text("id"), graph.Text("center_id"));
        Assert.Empty((await tenant.Http.GetJsonAsync("/v1/buckets/notes/graph?entity=Ann&as_of=2025-01-01")).GetProperty("edges").EnumerateArray());
    }

    [Fact]
    public async Task What_cannot_be_asked_is_refused_by_name()
    {
        var tenant = await fixture.NewTenantAsync();
        await tenant.Http.StoreAsync("notes", "Nothing of note.");

        await Get(tenant, "graph?entity=Nobody").ProblemAsync(404, "entity_not_found", "entity");
        await Get(tenant, "graph?hops=3").ProblemAsync(400, "invalid_request", "hops");
        await Get(tenant, "graph?limit=101").ProblemAsync(400, "invalid_request", "limit");
        await Get(tenant, "graph?as_of=tomorrow").ProblemAsync(400, "invalid_request", "as_of");
        await Get(tenant, "entities?q=a&cursor=%21").ProblemAsync(400, "invalid_request", "cursor");
        await Get(tenant, "entities?q=%00").JsonAsync(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_key_for_other_buckets_does_not_see_the_graph()
    {
        var tenant = await fixture.NewTenantAsync();
        var memory = await tenant.Http.StoreAsync("secret", "Ann lives in Lisbon.");
        await SayAsync(tenant, memory, "Ann", "lives_in", "Lisbon");
        await tenant.UseNewKeyAsync(Scopes.All, ["other"]);

        await tenant.Http.GetAsync("/v1/buckets/secret/graph").ProblemAsync(404, "bucket_not_found");
        await tenant.Http.GetAsync("/v1/buckets/secret/entities").ProblemAsync(404, "bucket_not_found");
    }

    private static Task<HttpResponseMessage> Get(TestTenant tenant, string path) => tenant.Http.GetAsync("/v1/buckets/notes/" + path);

    private async Task SayAsync(TestTenant tenant, string memory, string subject, string predicate, string @object)
    {
        var bucket = (Guid)(await fixture.ExecuteAsync("select bucket_id from engram.memories where id = $1", Guid.Parse(memory)))!;
        var ids = new[] { Guid.CreateVersion7(), Guid.CreateVersion7() };
        foreach (var (id, name) in ids.Zip([subject, @object]))
        {
            await fixture.ExecuteAsync("insert into engram.entities (tenant_id, bucket_id, id, name) values ($1, $2, $3, $4)", tenant.Id, bucket, id, name);
            await fixture.ExecuteAsync("insert into engram.entity_aliases (tenant_id, bucket_id, alias, entity_id) values ($1, $2, lower($3), $4)", tenant.Id, bucket, name, id);
        }

        var triple = Guid.CreateVersion7();
        await fixture.ExecuteAsync(
            "insert into engram.triples (tenant_id, bucket_id, id, subject_id, predicate, object_id, confidence, valid_from) values ($1, $2, $3, $4, $5, $6, 0.9, '2026-01-31')",
            tenant.Id, bucket, triple, ids[0], predicate, ids[1]);
        await fixture.ExecuteAsync(
            "insert into engram.triple_sources (tenant_id, triple_id, memory_id, span_start, span_length, extractor, confidence) values ($1, $2, $3, 0, 4, 'test', 0.9)",
            tenant.Id, triple, Guid.Parse(memory));
    }
}
