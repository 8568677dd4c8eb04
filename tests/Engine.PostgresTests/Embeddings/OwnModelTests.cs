using Engram.Engine.Embeddings;
using Engram.Engine.Latency;
using Engram.Engine.Memories;
using Engram.Engine.Providers;
using Engram.Engine.Recall;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Engine.PostgresTests.Embeddings;

public sealed class OwnModelTests(OwnModelFixture own) : IClassFixture<OwnModelFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Local => own.Get<OnnxEmbedder>().ModelId;

    [Fact]
    public async Task What_is_stored_and_asked_goes_to_the_tenants_own_model()
    {
        var tenant = await own.NewTenantAsync();

        var receipt = await StoreAsync(tenant.Tenant, "Kiwis roost in the orchard");
        var found = await QueryAsync(tenant.Tenant, "orchard kiwis");

        Assert.False(receipt.VectorPending);
        Assert.Equal(1, await own.VectorsAsync(tenant.Tenant, tenant.Space.Id));
        Assert.Equal(1, await own.VectorsAsync(tenant.Tenant, Local));
        await own.AssertCountedAsync(tenant.Tenant);
        // The fake model's vector is the words themselves, so the cosine is known: 2 of 2 and 2 of 5 words, each counted once.
        Assert.Equal(2 / Math.Sqrt(2 * 5), found.Hits[0].Vector!.Value.Score, 0.01);
        Assert.Empty(found.Warnings);
        Assert.Equal(3, Asked(tenant).Count);
        Assert.Equal(3, await CallsAsync(tenant.Tenant, ""));
    }

    [Fact]
    public async Task A_repeated_query_is_not_paid_for_twice_but_another_tenants_is_its_own()
    {
        var (one, other) = (await own.NewTenantAsync(), await own.NewTenantAsync());
        Assert.Equal(one.Space, other.Space);
        await StoreAsync(one.Tenant, "The secret of the first tenant is a teapot");
        await StoreAsync(other.Tenant, "Nothing about it here");

        for (var i = 0; i < 3; i++)
            Assert.Contains("teapot", (await QueryAsync(one.Tenant, "secret teapot")).Hits[0].Memory.Content, StringComparison.Ordinal);
        var theirs = await QueryAsync(other.Tenant, "secret teapot");

        Assert.DoesNotContain(theirs.Hits, hit => hit.Memory.Content.Contains("teapot", StringComparison.Ordinal));
        Assert.Single(Asked(one), request => request.Body.Contains("\"secret teapot\"", StringComparison.Ordinal));
        Assert.Single(Asked(other), request => request.Body.Contains("\"secret teapot\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_store_whose_provider_fails_is_a_store_and_the_Worker_makes_its_vectors_later()
    {
        var tenant = await own.NewTenantAsync();
        await StoreAsync(tenant.Tenant, "The first memory has its vectors");
        await own.BreakAsync(tenant);

        var receipt = await StoreAsync(tenant.Tenant, "Marmalade is kept in the cellar");
        await own.CatchUpAsync();

        Assert.Equal((StoreStatus.Stored, true), (receipt.Status, receipt.VectorPending));
        var found = await QueryAsync(tenant.Tenant, "marmalade cellar");
        Assert.Equal(receipt.MemoryId, found.Hits[0].Memory.Id);
        Assert.Contains("local encoder's vectors were searched instead", Assert.Single(found.Warnings), StringComparison.Ordinal);
        var state = await StateAsync(tenant.Tenant);
        Assert.Equal((1, 2, 1), (state.Done, state.Total, state.Attempts));
        Assert.Contains("401", state.LastError, StringComparison.Ordinal);
        Assert.NotNull(state.RetryAt);
        Assert.Equal(3, await CallsAsync(tenant.Tenant, "and fault_kind = 'auth'"));

        await own.MendAsync(tenant);
        await own.CatchUpAsync();

        Assert.Equal(2, await own.VectorsAsync(tenant.Tenant, tenant.Space.Id));
        Assert.Equal(0, await own.CountAsync("pending_vectors", tenant.Tenant));
        await own.AssertCountedAsync(tenant.Tenant);
        state = await StateAsync(tenant.Tenant);
        Assert.Equal((2, 2, 0, null), (state.Done, state.Total, state.Attempts, state.LastError));
        found = await QueryAsync(tenant.Tenant, "marmalade in the cellar");
        Assert.Equal(receipt.MemoryId, found.Hits[0].Memory.Id);
        Assert.Equal(4 / Math.Sqrt(4 * 6), found.Hits[0].Vector!.Value.Score, 0.01);
        Assert.Empty(found.Warnings);
    }

    [Fact]
    public async Task A_provider_that_hangs_holds_up_a_store_and_a_query_only_so_long()
    {
        var tenant = await own.NewTenantAsync();
        await StoreAsync(tenant.Tenant, "The ferry leaves at noon");
        await own.Database.ExecuteAsync($"update engram.model_roles set model = 'fault-hang' where tenant_id = '{tenant.Tenant.Id}'");
        // The provider's own deadline is far away: it is the store's and the query's that end the calls.
        await using var hurried = own.NewHost(("Engram:OwnModel:StoreSeconds", "2"), ("Engram:OwnModel:QuerySeconds", "0.7"), ("Engram:Providers:DeadlineSeconds", "600"));
        var timer = new OpTimer(Guid.CreateVersion7());

        var receipt = await hurried.GetRequiredService<MemoryStore>().StoreAsync(
            tenant.Tenant, "default", new NewMemory { Content = "The bus leaves at one" }, new StoreOptions(), timer, Cancel);
        var stored = timer.Elapsed.TotalSeconds;
        var found = await hurried.GetRequiredService<Recall.Recall>().QueryAsync(tenant.Tenant, new RecallRequest { Query = "When does the bus leave?" }, timer, Cancel);

        Assert.True(receipt.VectorPending);
        Assert.InRange(stored, 1.9, 300);
        Assert.InRange(timer.Elapsed.TotalSeconds - stored, 0.6, 300);
        Assert.Equal(receipt.MemoryId, found.Hits[0].Memory.Id);
        Assert.Single(found.Warnings);
        await hurried.GetRequiredService<LlmCallLog>().FlushAsync(Cancel);
        Assert.Equal(2, await CallsAsync(tenant.Tenant, "and fault_kind = 'timeout'"));
        // Other tests' Workers go over every tenant and would hang in this one.
        await own.Get<ProviderStore>().DeleteAsync(tenant.Actor, tenant.Connection, Cancel);
    }

    [Fact]
    public async Task A_tenant_without_a_model_is_asked_nothing_and_owes_nothing()
    {
        var tenant = await own.Database.CreateTenantAsync();

        var receipt = await StoreAsync(tenant, "Plain storage");
        await QueryAsync(tenant, "plain storage");
        await own.CatchUpAsync();

        Assert.False(receipt.VectorPending);
        Assert.Equal(0, await CallsAsync(tenant, ""));
        Assert.Equal(0, await own.CountAsync("pending_vectors", tenant));
        Assert.Equal(0, await own.CountAsync("buckets", tenant, "own_swept is not null or not vectors_settled"));
    }

    [Fact]
    public async Task Near_duplicates_are_judged_by_the_local_encoder_whatever_the_own_model_says()
    {
        var tenant = await own.NewTenantAsync();
        var tea = await StoreAsync(tenant.Tenant, "I really like to drink a cup of green tea in the morning.");

        // The fake model knows words only: to it these are further apart than the policy allows (11 of 12 words, 0.92).
        var same = await StoreAsync(tenant.Tenant, "I really like to drink a cup of green tea in the mornings.", DedupPolicy.Loose);

        Assert.Equal((StoreStatus.Merged, tea.MemoryId), (same.Status, same.MemoryId));
    }

    [Fact]
    public async Task An_edit_gets_vectors_of_the_new_text()
    {
        var tenant = await own.NewTenantAsync();
        var receipt = await StoreAsync(tenant.Tenant, "The gate code is on the blue note");
        await own.BreakAsync(tenant);
        await EditAsync(tenant.Tenant, receipt.MemoryId, "The gate code is on the yellow note");
        Assert.Equal(0, await own.VectorsAsync(tenant.Tenant, tenant.Space.Id));
        Assert.Equal(1, await own.CountAsync("pending_vectors", tenant.Tenant));

        await own.MendAsync(tenant);
        await EditAsync(tenant.Tenant, receipt.MemoryId, "The gate code is on the green note");

        Assert.Equal(1, await own.VectorsAsync(tenant.Tenant, tenant.Space.Id));
        Assert.Equal(0, await own.CountAsync("pending_vectors", tenant.Tenant));
        Assert.InRange((await QueryAsync(tenant.Tenant, "green note")).Hits[0].Vector!.Value.Score, 0.4, 0.6);
        await own.AssertCountedAsync(tenant.Tenant);
    }

    [Fact]
    public async Task A_long_text_has_a_vector_a_chunk_and_is_found_by_each()
    {
        var tenant = await own.NewTenantAsync();
        var text = string.Join(" ", Enumerable.Range(0, 400).Select(i => $"Sentence number {i} says nothing much.")) + " The heron nests on the chimney.";

        await StoreAsync(tenant.Tenant, text);

        var vectors = await own.VectorsAsync(tenant.Tenant, tenant.Space.Id);
        Assert.InRange(vectors, text.Length / 1500, (text.Length / 1500) + 3);
        Assert.True((await QueryAsync(tenant.Tenant, "heron nests on the chimney")).Hits[0].Vector!.Value.Score > 0.05);
    }

    private async Task<EmbeddingState> StateAsync(Tenant tenant) => (await own.Get<EmbeddingProgress>().OfAsync(tenant, Cancel))!;

    private List<FakeProvider.SeenRequest> Asked(OwnTenant tenant) => [.. own.Provider.Requests.Of(tenant.Key)];

    private async Task<long> CallsAsync(Tenant tenant, string where)
    {
        await own.Get<LlmCallLog>().FlushAsync(Cancel);
        return await own.CountAsync("llm_calls", tenant, $"role = 'embed' {where}");
    }

    private Task<Receipt> StoreAsync(Tenant tenant, string content, DedupPolicy dedup = DedupPolicy.Strict) =>
        own.Get<MemoryStore>().StoreAsync(tenant, "default", new NewMemory { Content = content, Dedup = dedup }, new StoreOptions(), EngineFixture.Timer, Cancel);

    private Task EditAsync(Tenant tenant, Guid memory, string content) =>
        own.Get<MemoryEditor>().EditAsync(tenant, "default", memory, new MemoryEdit(content, default, null), null, EngineFixture.Timer, Cancel);

    private Task<RecallResult> QueryAsync(Tenant tenant, string query) =>
        own.Get<Recall.Recall>().QueryAsync(tenant, new RecallRequest { Query = query }, EngineFixture.Timer, Cancel);
}
