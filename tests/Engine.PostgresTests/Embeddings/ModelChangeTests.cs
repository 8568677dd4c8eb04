using Engram.Engine.Embeddings;
using Engram.Engine.Memories;
using Engram.Engine.Providers;
using Engram.Engine.Recall;
using Npgsql;

namespace Engram.Engine.PostgresTests.Embeddings;

/// <summary>What the Worker does: from one model to another, under two Workers, past texts that are refused, and after a death.</summary>
public sealed class ModelChangeTests(OwnModelFixture own) : IClassFixture<OwnModelFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Memories_that_were_there_get_the_vectors_of_a_new_model_and_those_of_the_old_one_go()
    {
        var tenant = await own.Database.CreateTenantAsync();
        await StoreAsync(tenant, 70);
        var first = await own.NewTenantAsync("fake-embed", tenant);
        Assert.Equal((0, 70), await ProgressAsync(tenant));
        Assert.Equal(0, await own.CountAsync("buckets", tenant, "own_model is not null"));

        await own.CatchUpAsync();

        Assert.Equal((70, 70), await ProgressAsync(tenant));
        Assert.Equal(1, await own.CountAsync("buckets", tenant, $"own_model = '{first.Space.Id}' and vectors_settled"));
        Assert.Equal(140, await own.CountAsync("memory_vectors", tenant));

        var second = await own.SetModelAsync(first.Actor, first.Connection, "fake-embed-64");
        Assert.NotEqual(first.Space, second);
        Assert.Equal((0, 70), await ProgressAsync(tenant));
        // Between the two the local encoder answers, and nothing is said to be wrong.
        var meanwhile = await QueryAsync(tenant, "plum number 7");
        Assert.Equal(("plum number 7 of the orchard", 0), (meanwhile.Hits[0].Memory.Content, meanwhile.Warnings.Count));

        await own.CatchUpAsync();

        Assert.Equal((70, 70), await ProgressAsync(tenant));
        Assert.Equal((0, 70), (await own.VectorsAsync(tenant, first.Space.Id), await own.VectorsAsync(tenant, second.Id)));
        Assert.Equal(1, await own.CountAsync("buckets", tenant, $"own_model = '{second.Id}' and vectors_settled"));
        await own.AssertCountedAsync(tenant);
        Assert.Equal("plum number 7 of the orchard", (await QueryAsync(tenant, "plum number 7")).Hits[0].Memory.Content);
    }

    [Fact]
    public async Task Without_the_model_the_local_encoder_answers_again_and_the_vectors_go()
    {
        var tenant = await own.NewTenantAsync();
        await StoreAsync(tenant.Tenant, 5);

        await own.Get<ProviderStore>().DeleteAsync(tenant.Actor, tenant.Connection, Cancel);
        Assert.Empty((await QueryAsync(tenant.Tenant, "plum number 3")).Warnings);
        await own.CatchUpAsync();

        Assert.Equal(5, await own.CountAsync("memory_vectors", tenant.Tenant));
        Assert.Equal(0, await own.VectorsAsync(tenant.Tenant, tenant.Space.Id));
        Assert.Equal(1, await own.CountAsync("buckets", tenant.Tenant, "own_model is null and own_swept is null and vectors_settled"));
        await own.AssertCountedAsync(tenant.Tenant);
        Assert.Equal("plum number 3 of the orchard", (await QueryAsync(tenant.Tenant, "plum number 3")).Hits[0].Memory.Content);
    }

    [Fact]
    public async Task A_text_that_the_provider_refuses_is_set_aside_and_keeps_no_other_waiting()
    {
        var tenant = await own.Database.CreateTenantAsync();
        await StoreAsync(tenant, 3);
        var refused = await StoreAsync(tenant, "An unembeddable memory");
        var set = await own.NewTenantAsync("fake-embed", tenant);

        await own.CatchUpAsync();

        var state = (await own.Get<EmbeddingProgress>().OfAsync(tenant, Cancel))!;
        Assert.Equal((3, 4, 1, 0), (state.Done, state.Total, state.Refused, state.Attempts));
        Assert.Equal(1, await own.CountAsync("pending_vectors", tenant, $"memory_id = '{refused.MemoryId}' and refused"));
        Assert.Equal(1, await own.CountAsync("buckets", tenant, $"own_model = '{set.Space.Id}'"));
        var before = own.Provider.Requests.Of(set.Key).Count;
        await own.CatchUpAsync();
        Assert.Equal(before, own.Provider.Requests.Of(set.Key).Count);
        Assert.Equal(refused.MemoryId, (await QueryAsync(tenant, "unembeddable memory")).Hits[0].Memory.Id);
    }

    [Fact]
    public async Task A_model_that_refuses_everything_sets_no_memory_aside()
    {
        var tenant = await own.Database.CreateTenantAsync();
        await StoreAsync(tenant, 3);
        await own.NewTenantAsync("fake-embed", tenant);
        await own.Database.ExecuteAsync($"update engram.model_roles set model = 'fault-400' where tenant_id = '{tenant.Id}'");
        own.Get<ModelCache>().Invalidate(tenant);

        await own.CatchUpAsync();

        var state = (await own.Get<EmbeddingProgress>().OfAsync(tenant, Cancel))!;
        Assert.Equal((0, 3, 0, 1), (state.Done, state.Total, state.Refused, state.Attempts));
        Assert.Contains("400", state.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_Workers_share_the_work_and_send_no_text_twice()
    {
        var tenant = await own.Database.CreateTenantAsync();
        await StoreAsync(tenant, 150);
        var set = await own.NewTenantAsync("fake-embed@20ms", tenant);
        await using var elsewhere = own.NewHost();

        await Task.WhenAll(own.CatchUpAsync(), own.CatchUpAsync(elsewhere));
        await own.CatchUpAsync();

        Assert.Equal(150, await own.VectorsAsync(tenant, set.Space.Id));
        await own.AssertCountedAsync(tenant);
        var sent = string.Concat(own.Provider.Requests.Of(set.Key).Select(request => request.Body));
        Assert.All(Enumerable.Range(0, 150), i => Assert.Equal(2, sent.Split($"plum number {i} of").Length));
    }

    [Fact]
    public async Task A_Worker_that_died_is_followed_by_another_and_one_that_was_only_slow_writes_nothing()
    {
        var tenant = await own.Database.CreateTenantAsync();
        await StoreAsync(tenant, 10);
        var set = await own.NewTenantAsync("fake-embed", tenant);
        while (await own.Get<BucketVectors>().MaintainAsync(cancellationToken: Cancel) > 0)
        {
        }

        var slow = (await own.Get<EmbeddingRuns>().TakeAsync(10, Cancel)).Single(run => run.Tenant == tenant);
        Assert.DoesNotContain(await own.Get<EmbeddingRuns>().TakeAsync(10, Cancel), run => run.Tenant == tenant);
        await own.Database.ExecuteAsync($"update engram.embedding_runs set leased_until = now() - interval '1 second' where tenant_id = '{tenant.Id}'");
        var next = (await own.Get<EmbeddingRuns>().TakeAsync(10, Cancel)).Single(run => run.Tenant == tenant);

        await own.Get<EmbeddingRuns>().MakeAsync(slow, Cancel);
        Assert.Equal(0, await own.VectorsAsync(tenant, set.Space.Id));
        Assert.Equal(10, await own.Get<EmbeddingRuns>().MakeAsync(next, Cancel));

        Assert.Equal(10, await own.VectorsAsync(tenant, set.Space.Id));
        await own.AssertCountedAsync(tenant);
    }

    [Fact]
    public async Task A_memory_edited_or_deleted_while_its_vectors_are_made_keeps_none_of_the_old_text()
    {
        var tenant = await own.Database.CreateTenantAsync();
        var (edited, deleted) = (await StoreAsync(tenant, "It was raining in Lisbon"), await StoreAsync(tenant, "It was snowing in Oslo"));
        var set = await own.NewTenantAsync("fake-embed", tenant);
        while (await own.Get<BucketVectors>().MaintainAsync(cancellationToken: Cancel) > 0)
        {
        }

        var run = (await own.Get<EmbeddingRuns>().TakeAsync(10, Cancel)).Single(run => run.Tenant == tenant);
        // Who makes them locks the lease before it writes: until this ends, it has the old texts and nothing written.
        await using var held = new NpgsqlConnection(own.Database.Owner);
        await held.OpenAsync(Cancel);
        await using var gate = await held.BeginTransactionAsync(Cancel);
        await using (var hold = new NpgsqlCommand($"select from engram.embedding_runs where tenant_id = '{tenant.Id}' for update", held, gate))
            await hold.ExecuteNonQueryAsync(Cancel);
        var seen = own.Provider.Requests.Of(set.Key).Count;
        var making = own.Get<EmbeddingRuns>().MakeAsync(run, Cancel);
        await Keys.KeyTestHost.UntilAsync(() => Task.FromResult(own.Provider.Requests.Of(set.Key).Count > seen), "the provider was not asked");
        await own.Database.ExecuteAsync($"update engram.memories set content = 'It was dry', version = version + 1 where id = '{edited.MemoryId}'");
        await own.Get<MemoryRemoval>().DeleteAsync(tenant, "default", deleted.MemoryId, EngineFixture.Timer, cancellationToken: Cancel);
        Assert.False(making.IsCompleted);
        await gate.CommitAsync(Cancel);
        await making;

        Assert.Equal(0, await own.VectorsAsync(tenant, set.Space.Id));
        Assert.Equal(1, await own.CountAsync("pending_vectors", tenant));
        await own.CatchUpAsync();
        Assert.Equal(1, await own.VectorsAsync(tenant, set.Space.Id));
        await own.AssertCountedAsync(tenant);
    }

    [Fact]
    public async Task The_longest_vectors_are_stored_and_indexed_before_a_large_bucket_turns_to_them()
    {
        const int Crossover = 20;
        var tenant = await own.Database.CreateTenantAsync();
        await StoreAsync(tenant, Crossover);
        var set = await own.NewTenantAsync($"fake-embed-{VectorSpace.MaxDimensions}", tenant);

        await own.CatchUpAsync(crossover: Crossover);
        Assert.Equal(0, await own.CountAsync("buckets", tenant, "own_model is not null"));
        while (await own.Get<VectorIndexes>().MaintainAsync(Crossover, Cancel) > 0)
        {
        }

        await own.CatchUpAsync(crossover: Crossover);

        Assert.Equal(1, await own.CountAsync("buckets", tenant, $"own_model = '{set.Space.Id}' and own_index is not null and vector_index is not null and own_index <> vector_index"));
        Assert.Equal("plum number 7 of the orchard", (await QueryAsync(tenant, "plum number 7")).Hits[0].Memory.Content);
        var tooLong = await Assert.ThrowsAsync<EngramException>(() => own.SetModelAsync(set.Actor, set.Connection, $"fake-embed-{VectorSpace.MaxDimensions + 1}"));
        Assert.Equal("model", tooLong.Field);
    }

    private async Task<(long Done, long Total)> ProgressAsync(Tenant tenant)
    {
        var state = (await own.Get<EmbeddingProgress>().OfAsync(tenant, Cancel))!;
        return (state.Done, state.Total);
    }

    private Task<Receipt> StoreAsync(Tenant tenant, string content) =>
        own.Get<MemoryStore>().StoreAsync(tenant, "default", new NewMemory { Content = content }, new StoreOptions(), EngineFixture.Timer, Cancel);

    private Task<IReadOnlyList<StoreOutcome>> StoreAsync(Tenant tenant, int plums) => own.Get<MemoryStore>().StoreAsync(
        tenant, "default", [.. Enumerable.Range(0, plums).Select(i => new NewMemory { Content = $"plum number {i} of the orchard" })], new StoreOptions(), EngineFixture.Timer, Cancel);

    private Task<RecallResult> QueryAsync(Tenant tenant, string query) =>
        own.Get<Recall.Recall>().QueryAsync(tenant, new RecallRequest { Query = query }, EngineFixture.Timer, Cancel);
}
