using Engram.Engine.Memories;

namespace Engram.Engine.PostgresTests.Memories;

public sealed class EditAndRemovalTests(EngineFixture engine)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_edit_keeps_the_former_text_and_moves_keyword_and_vector_to_the_new_one()
    {
        var tenant = await engine.NewTenantAsync();
        var id = (await engine.StoreAsync(tenant, "The retrospective is on Thursdays.")).MemoryId;
        await engine.Editor.EditAsync(tenant, "default", id, new MemoryEdit("Stand-ups happen at nine o'clock.", default, ["rituals"]), null, EngineFixture.Timer, Cancel);

        var detail = await engine.Reader.GetAsync(tenant, "default", id, EngineFixture.Timer, Cancel);
        Assert.Equal(("Stand-ups happen at nine o'clock.", 2, "rituals"), (detail.Memory.Content, detail.Memory.Version, detail.Memory.Categories.Single()));
        Assert.Equal("The retrospective is on Thursdays.", Assert.Single(detail.History).Content);
        Assert.Equal(0L, await CountAsync(tenant, "postings", "lexeme = 'retrospect'"));
        Assert.Equal(1L, await CountAsync(tenant, "postings", "lexeme = 'stand-up'"));
        Assert.Equal(1L, await CountAsync(tenant, "memory_vectors"));
        Assert.Equal(1L, await CountAsync(tenant, "jobs", "memory_version = 2"));
        await AssertCountersAreExactAsync(tenant);
    }

    [Fact]
    public async Task An_edit_of_metadata_alone_queues_no_extraction()
    {
        var tenant = await engine.NewTenantAsync();
        var id = (await engine.StoreAsync(tenant, "The retrospective is on Thursdays.")).MemoryId;
        var metadata = System.Text.Json.JsonDocument.Parse("""{"team":"blue"}""").RootElement;
        await engine.Editor.EditAsync(tenant, "default", id, new MemoryEdit(null, metadata, null), null, EngineFixture.Timer, Cancel);
        Assert.Equal(1L, await CountAsync(tenant, "jobs"));
        var memory = (await engine.Reader.GetAsync(tenant, "default", id, EngineFixture.Timer, Cancel)).Memory;
        Assert.Equal("blue", memory.Metadata.GetProperty("team").GetString());
        await AssertCountersAreExactAsync(tenant);
    }

    [Fact]
    public async Task A_deleted_memory_leaves_nothing_behind()
    {
        var tenant = await engine.NewTenantAsync();
        var id = (await engine.StoreAsync(tenant, "Anna lives in Berlin.")).MemoryId;
        await ExtractionTestData.ExtractAsync(engine, tenant, id, ("Anna", "lives_in", "Berlin"));
        Assert.Equal(1L, await CountAsync(tenant, "triples"));

        await engine.Removal.DeleteAsync(tenant, "default", id, EngineFixture.Timer, cancellationToken: Cancel);
        foreach (var table in new[] { "memories", "postings", "memory_vectors", "jobs", "triples", "triple_sources", "entities", "entity_aliases", "memory_history" })
            Assert.Equal((table, 0L), (table, await CountAsync(tenant, table)));
        await AssertCountersAreExactAsync(tenant);
        var gone = await Assert.ThrowsAsync<EngramException>(() => engine.Removal.DeleteAsync(tenant, "default", id, EngineFixture.Timer, cancellationToken: Cancel));
        Assert.Equal(FailureKind.MemoryNotFound, gone.Kind);
    }

    [Fact]
    public async Task A_triple_that_another_memory_supports_outlives_one_of_them()
    {
        var tenant = await engine.NewTenantAsync();
        var (first, second) = ((await engine.StoreAsync(tenant, "Anna lives in Berlin.")).MemoryId, (await engine.StoreAsync(tenant, "As I said, Anna lives in Berlin now.")).MemoryId);
        await ExtractionTestData.ExtractAsync(engine, tenant, first, ("Anna", "lives_in", "Berlin"));
        await ExtractionTestData.ExtractAsync(engine, tenant, second, ("Anna", "lives_in", "Berlin"));
        Assert.Equal(1L, await CountAsync(tenant, "triples"));
        Assert.Equal(1, await OtherSourcesAsync(second));
        await engine.Removal.DeleteAsync(tenant, "default", first, EngineFixture.Timer, cancellationToken: Cancel);
        Assert.Equal(1L, await CountAsync(tenant, "triples"));
        Assert.Equal(0, await OtherSourcesAsync(second));
        await engine.Removal.DeleteAsync(tenant, "default", second, EngineFixture.Timer, cancellationToken: Cancel);
        Assert.Equal(0L, await CountAsync(tenant, "triples"));

        async Task<int> OtherSourcesAsync(Guid id) =>
            Assert.Single((await engine.Reader.GetAsync(tenant, "default", id, EngineFixture.Timer, Cancel)).Triples).OtherSources;
    }

    [Fact]
    public async Task Clearing_counts_first_and_then_empties_the_bucket_but_keeps_it()
    {
        var tenant = await engine.NewTenantAsync();
        await engine.StoreAsync(tenant, "Anna lives in Berlin.", "people");
        await engine.StoreAsync(tenant, "Bob lives in Rome.", "people");
        await engine.StoreAsync(tenant, "Tea is in the cupboard.", "kitchen");
        Assert.Equal(2, await engine.Removal.ClearAsync(tenant, "people", dryRun: true, EngineFixture.Timer, Cancel));
        Assert.Equal(3L, await CountAsync(tenant, "memories"));
        Assert.Equal(2, await engine.Removal.ClearAsync(tenant, "people", dryRun: false, EngineFixture.Timer, Cancel));
        Assert.Equal(1L, await CountAsync(tenant, "memories"));
        Assert.Empty(await engine.QueryAsync(tenant, "Berlin", "people"));
        await AssertCountersAreExactAsync(tenant);
    }

    [Fact]
    public async Task Deleting_a_bucket_takes_everything_in_it()
    {
        var tenant = await engine.NewTenantAsync();
        var id = (await engine.StoreAsync(tenant, "Anna lives in Berlin.", "people")).MemoryId;
        await ExtractionTestData.ExtractAsync(engine, tenant, id, ("Anna", "lives_in", "Berlin"));
        await engine.Buckets.DeleteAsync(tenant, "people", EngineFixture.Timer, cancellationToken: Cancel);
        foreach (var table in new[] { "buckets", "bucket_counters", "memories", "postings", "memory_vectors", "jobs", "triples", "entities" })
            Assert.Equal((table, 0L), (table, await CountAsync(tenant, table)));
    }

    [Fact]
    public async Task Stores_and_deletes_and_a_clear_at_once_leave_exact_counters()
    {
        var tenant = await engine.NewTenantAsync();
        var ids = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => (await engine.StoreAsync(tenant, $"Fact number {i}.", dedup: DedupPolicy.Off)).MemoryId));
        await Task.WhenAll(
            [
                .. Enumerable.Range(20, 20).Select(i => (Task)engine.StoreAsync(tenant, $"Fact number {i}.", dedup: DedupPolicy.Off)),
                .. ids.Select(id => DeleteQuietlyAsync(tenant, id)),
                engine.Removal.ClearAsync(tenant, "default", dryRun: false, EngineFixture.Timer, Cancel),
            ]);
        await AssertCountersAreExactAsync(tenant);
    }

    private async Task DeleteQuietlyAsync(Tenant tenant, Guid id)
    {
        try
        {
            await engine.Removal.DeleteAsync(tenant, "default", id, EngineFixture.Timer, cancellationToken: Cancel);
        }
        catch (EngramException e) when (e.Kind == FailureKind.MemoryNotFound)
        {
            // The clear was first.
        }
    }

    private Task<long> CountAsync(Tenant tenant, string table, string condition = "true") =>
        engine.Database.ScalarAsync<long>($"select count(*) from engram.{table} where tenant_id = '{tenant.Id}' and {condition}");

    private async Task AssertCountersAreExactAsync(Tenant tenant)
    {
        var counted = await engine.Database.ScalarAsync<string>(
            $"select concat_ws(' ', coalesce(sum(memories), 0), coalesce(sum(lexemes), 0), coalesce(sum(vectors), 0), coalesce(sum(content_bytes), 0)) from engram.bucket_counters where tenant_id = '{tenant.Id}'");
        var there = await engine.Database.ScalarAsync<string>(
            $"""
            select concat_ws(' ', count(*), coalesce(sum(lexeme_count), 0), (select count(*) from engram.memory_vectors v where v.tenant_id = '{tenant.Id}'), coalesce(sum(octet_length(content)), 0))
            from engram.memories where tenant_id = '{tenant.Id}'
            """);
        Assert.Equal(there, counted);
    }
}
