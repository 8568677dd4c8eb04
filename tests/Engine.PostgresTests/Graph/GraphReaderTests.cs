using Engram.Engine.Extraction;
using Engram.Engine.Graph;

namespace Engram.Engine.PostgresTests.Graph;

public sealed class GraphReaderTests(EngineFixture engine)
{
    private static readonly DateTimeOffset Monday = new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task One_hop_shows_what_is_said_of_the_entity_with_the_memory_that_says_it()
    {
        var tenant = await engine.NewTenantAsync();
        var memory = await SayAsync(tenant, "Ann lives in Paris.", ("Ann", "lives_in", "Paris"));
        await SayAsync(tenant, "Paris lies in France.", ("Paris", "part_of", "France"));

        var graph = await AroundAsync(tenant, "ann");

        Assert.Equal([("Ann", 0, 1), ("Paris", 1, 2)], graph.Nodes.Select(node => (node.Name, node.Depth, node.Facts)));
        var edge = Assert.Single(graph.Edges);
        Assert.Equal(("lives_in", memory), (edge.Predicate, Assert.Single(edge.MemoryIds)));
        Assert.Equal(graph.CenterId, edge.SubjectId);
    }

    [Fact]
    public async Task Two_hops_go_on_from_the_neighbours()
    {
        var tenant = await engine.NewTenantAsync();
        await SayAsync(tenant, "Ann lives in Paris.", ("Ann", "lives_in", "Paris"));
        await SayAsync(tenant, "Paris lies in France.", ("Paris", "part_of", "France"));
        await SayAsync(tenant, "France borders Spain.", ("France", "borders", "Spain"));

        var graph = await AroundAsync(tenant, "Ann", hops: 2);

        Assert.Equal([("Ann", 0), ("Paris", 1), ("France", 2)], graph.Nodes.Select(node => (node.Name, node.Depth)));
        Assert.Equal(["lives_in", "part_of"], graph.Edges.Select(edge => edge.Predicate));
    }

    [Fact]
    public async Task As_of_a_time_only_what_held_then_is_shown()
    {
        var tenant = await engine.NewTenantAsync();
        await SayAsync(tenant, "Ann lives in Paris.", Monday, ("Ann", "lives_in", "Paris"));
        await SayAsync(tenant, "Ann lives in Berlin.", Monday.AddDays(10), ("Ann", "lives_in", "Berlin"));

        Assert.Equal(["Paris"], Around(await AroundAsync(tenant, "Ann", asOf: Monday.AddDays(1))));
        Assert.Equal(["Berlin"], Around(await AroundAsync(tenant, "Ann", asOf: Monday.AddDays(11))));
        var ever = await AroundAsync(tenant, "Ann");
        Assert.Equal(["Berlin", "Paris"], Around(ever));
        Assert.True(ever.Edges.Single(edge => edge.ValidTo is not null).Superseded);
        Assert.Equal((Monday, Monday.AddDays(10)), (ever.EarliestAt, ever.LatestAt));
    }

    [Fact]
    public async Task A_hub_shows_as_many_neighbours_as_fit_and_counts_the_rest()
    {
        var tenant = await engine.NewTenantAsync();
        var memory = (await engine.StoreAsync(tenant, "Ann knows many people.")).MemoryId;
        var triples = Enumerable.Range(0, 30).Select(i => ExtractionTestData.Triple("Ann", "knows", $"Person {i}")).ToArray();
        await ExtractionTestData.ExtractAsync(engine, tenant, memory, Monday, triples);

        var graph = await AroundAsync(tenant, "Ann", limit: 12);

        Assert.Equal((13, 12, 18), (graph.Nodes.Count, graph.Edges.Count, graph.More));
        Assert.Equal(30, graph.Nodes[0].Facts);
    }

    [Fact]
    public async Task What_only_a_quarantined_memory_says_is_not_in_the_graph()
    {
        var tenant = await engine.NewTenantAsync();
        var memory = await SayAsync(tenant, "Ann lives in Paris.", ("Ann", "lives_in", "Paris"));
        await engine.Database.ExecuteAsync($"update engram.memories set status = 'quarantined' where id = '{memory}'");

        Assert.Empty((await AroundAsync(tenant, "Ann")).Edges);
    }

    [Fact]
    public async Task Without_an_entity_it_begins_with_what_the_newest_memories_speak_of_most()
    {
        var tenant = await engine.NewTenantAsync();
        await engine.StoreAsync(tenant, "Nothing was extracted yet.");
        Assert.Null((await AroundAsync(tenant, null)).CenterId);

        await SayAsync(tenant, "Ann and Ben.", ("Ann", "knows", "Ben"), ("Ben", "lives_in", "Paris"));

        Assert.Equal("Ben", (await AroundAsync(tenant, null)).Nodes[0].Name);
        Assert.Equal(["Ben", "Ann", "Paris"], (await ListAsync(tenant, null)).Entities.Select(entity => entity.Name));
    }

    [Fact]
    public async Task Entities_are_found_by_the_beginning_of_a_name_then_of_a_word_and_paged()
    {
        var tenant = await engine.NewTenantAsync();
        await SayAsync(
            tenant, "People.", ("Ann Smith", "knows", "Smithers"), ("Smith & Sons", "employs", "Ann Smith"), ("Smith_son", "knows", "Ben"), ("Ben", "knows", "100% Smithy"));

        var first = await ListAsync(tenant, "SMITH", limit: 2);
        var second = await ListAsync(tenant, "SMITH", limit: 3, first.Next);

        Assert.Equal(["Smith & Sons", "Smith_son"], first.Entities.Select(entity => entity.Name));
        Assert.Equal(["Smithers", "100% Smithy", "Ann Smith"], second.Entities.Select(entity => entity.Name));
        Assert.Null(second.Next);
        Assert.Equal(2, second.Entities[^1].Facts);
        Assert.Empty((await ListAsync(tenant, "%")).Entities);
    }

    [Fact]
    public async Task Another_tenants_bucket_and_entities_are_as_missing()
    {
        var mine = await engine.NewTenantAsync();
        var other = await engine.NewTenantAsync();
        await SayAsync(mine, "Ben lives in Rome.", ("Ben", "lives_in", "Rome"));
        await SayAsync(other, "Ann lives in Paris.", ("Ann", "lives_in", "Paris"));
        var secret = await AroundAsync(other, "Ann");

        var byId = await Assert.ThrowsAsync<EngramException>(() => AroundAsync(mine, secret.CenterId.ToString()));
        var byName = await Assert.ThrowsAsync<EngramException>(() => AroundAsync(mine, "Ann"));
        var byBucket = await Assert.ThrowsAsync<EngramException>(() => engine.Get<GraphReader>().AroundAsync(
            mine, secret.BucketId.ToString(), null, 2, null, 10, EngineFixture.Timer, TestContext.Current.CancellationToken));

        Assert.Equal(
            (FailureKind.EntityNotFound, FailureKind.EntityNotFound, FailureKind.BucketNotFound), (byId.Kind, byName.Kind, byBucket.Kind));
        Assert.Empty((await ListAsync(mine, "An")).Entities);
    }

    private static IEnumerable<string> Around(EntityGraph graph) => graph.Nodes.Skip(1).Select(node => node.Name).Order(StringComparer.Ordinal);

    private Task<EntityGraph> AroundAsync(Tenant tenant, string? entity, int hops = 1, DateTimeOffset? asOf = null, int limit = 40) =>
        engine.Get<GraphReader>().AroundAsync(tenant, "default", entity, hops, asOf, limit, EngineFixture.Timer, TestContext.Current.CancellationToken);

    private Task<EntityPage> ListAsync(Tenant tenant, string? beginning, int limit = 20, string? cursor = null) =>
        engine.Get<GraphReader>().ListAsync(tenant, "default", beginning, limit, cursor, EngineFixture.Timer, TestContext.Current.CancellationToken);

    private Task<Guid> SayAsync(Tenant tenant, string text, params (string Subject, string Predicate, string Object)[] triples) => SayAsync(tenant, text, Monday, triples);

    private async Task<Guid> SayAsync(Tenant tenant, string text, DateTimeOffset at, params (string Subject, string Predicate, string Object)[] triples)
    {
        var memory = (await engine.StoreAsync(tenant, text)).MemoryId;
        ExtractedTriple[] said = [.. triples.Select(triple => ExtractionTestData.Triple(triple.Subject, triple.Predicate, triple.Object))];
        Assert.True(await ExtractionTestData.ExtractAsync(engine, tenant, memory, at, said));
        return memory;
    }
}
