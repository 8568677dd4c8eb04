using Engram.Engine.Providers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Engram.Engine.PostgresTests.Providers;

public sealed class TenantModelsTests(EngineFixture engine)
{
    private ProviderStore Store => engine.Get<ProviderStore>();

    private TenantModels Models => engine.Get<TenantModels>();

    [Fact]
    public async Task A_role_without_a_model_takes_the_offline_way_and_a_change_is_seen_at_once()
    {
        var actor = ProviderStoreTests.ActorOf(await engine.NewTenantAsync());
        Assert.Null(await Models.ForAsync(Context(actor.Tenant)));

        var made = await Store.CreateAsync(actor, ProviderStoreTests.Wanted("sk-first-key-aaaa1111"));
        await Store.SetRoleAsync(actor, ModelRole.Synthesize, made.Id, "gpt-4.1");
        using (var chat = await Models.ForAsync(Context(actor.Tenant)))
            Assert.Equal(("openai", "gpt-4.1"), (chat!.Provider, chat.Model));
        Assert.Null(await Models.ForAsync(Context(actor.Tenant) with { Role = ModelRole.Extract }));
        Assert.Null(await Models.ForAsync(Context(await engine.NewTenantAsync())));

        await Store.DeleteAsync(actor, made.Id);
        Assert.Null(await Models.ForAsync(Context(actor.Tenant)));
    }

    [Fact]
    public async Task A_change_in_one_process_is_soon_seen_in_another_that_has_it_cached()
    {
        var actor = ProviderStoreTests.ActorOf(await engine.NewTenantAsync());
        var made = await Store.CreateAsync(actor, ProviderStoreTests.Wanted("sk-first-key-aaaa1111"));
        await Store.SetRoleAsync(actor, ModelRole.Synthesize, made.Id, "gpt-4.1");
        // On a clock that stands, nothing that is cached goes by itself.
        await using var elsewhere = EngineFixture.Services(engine.Database.App, engine.Database.System, new Keys.KeyTestHost.TurnableClock());
        var listener = elsewhere.GetServices<IHostedService>().OfType<Engine.Database.ChangeListener>().Single();
        var models = elsewhere.GetRequiredService<TenantModels>();
        var cache = elsewhere.GetRequiredService<ModelCache>();
        var before = cache.Generation;
        await listener.StartAsync(TestContext.Current.CancellationToken);
        await Keys.KeyTestHost.UntilAsync(() => Task.FromResult(cache.Generation > before), "the listener never listened");
        Assert.Equal("gpt-4.1", (await models.DescribeAsync(actor.Tenant, ModelRole.Synthesize))!.Value.Model);

        await Store.SetRoleAsync(actor, ModelRole.Synthesize, made.Id, "gpt-5");

        await Keys.KeyTestHost.UntilAsync(
            async () => (await models.DescribeAsync(actor.Tenant, ModelRole.Synthesize))!.Value.Model == "gpt-5", "the other process still has the old model");
        await listener.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_key_that_does_not_open_is_said_so_and_spoils_no_other_role()
    {
        var actor = ProviderStoreTests.ActorOf(await engine.NewTenantAsync());
        var (good, bad) = (await Store.CreateAsync(actor, ProviderStoreTests.Wanted("sk-first-key-aaaa1111")), await Store.CreateAsync(actor, ProviderStoreTests.Wanted("sk-other-key-bbbb2222")));
        await Store.SetRoleAsync(actor, ModelRole.Synthesize, good.Id, "gpt-4.1");
        await Store.SetRoleAsync(actor, ModelRole.Extract, bad.Id, "gpt-4.1");
        await engine.Database.ExecuteAsync($"update engram.provider_connections set sealed_key = (select sealed_key from engram.provider_connections where id = '{good.Id}') where id = '{bad.Id}'");

        using (var chat = await Models.ForAsync(Context(actor.Tenant)))
            Assert.NotNull(chat);
        var refused = await Assert.ThrowsAsync<EngramException>(async () => await Models.ForAsync(Context(actor.Tenant) with { Role = ModelRole.Extract }));
        Assert.Equal(FailureKind.NotReady, refused.Kind);
    }

    [Theory]
    [InlineData(100, null, false, "of the tenant is used up: 150 of 100 tokens")]
    [InlineData(null, 0.5, false, "of the tenant is used up: 0.75 of 0.5 USD")]
    [InlineData(100, null, true, "of the API key")]
    [InlineData(151, 0.76, false, null)]
    public async Task A_used_up_budget_refuses_before_the_call_and_says_which_and_until_when(int? tokens, double? usd, bool ofKey, string? said)
    {
        var actor = ProviderStoreTests.ActorOf(await engine.NewTenantAsync());
        await engine.Database.ExecuteAsync(
            $"insert into engram.api_keys (tenant_id, id, name, prefix, hash, scopes) values ('{actor.Tenant.Id}', '{actor.KeyId}', 'k', 'p', '\\x{Guid.NewGuid():N}', '{{}}')");
        // A day's spending, and a day that does not end meanwhile.
        var clock = new Keys.KeyTestHost.TurnableClock();
        await using var host = EngineFixture.Services(engine.Database.App, engine.Database.System, clock);
        var (store, models, log) = (host.GetRequiredService<ProviderStore>(), host.GetRequiredService<TenantModels>(), host.GetRequiredService<LlmCallLog>());
        var call = LlmCallLogTests.Call(actor.Tenant, actor.KeyId) with { At = clock.GetUtcNow() };
        var made = await store.CreateAsync(actor, ProviderStoreTests.Wanted("sk-first-key-aaaa1111"));
        await store.SetRoleAsync(actor, ModelRole.Synthesize, made.Id, "gpt-4.1");
        Assert.Null(await host.GetRequiredService<Budgets>().ReplaceAsync(actor, [new Budget(ofKey ? actor.KeyId : null, tokens, (decimal?)usd)]));
        var context = Context(actor.Tenant) with { KeyId = actor.KeyId };
        (await models.ForAsync(context))!.Dispose();

        // One call that is written already, and one that is not yet: both count, at once.
        log.Record(call with { InputTokens = 90, OutputTokens = 10, CostUsd = 0.5m });
        await log.FlushAsync(TestContext.Current.CancellationToken);
        log.Record(call with { InputTokens = 40, OutputTokens = 10, CostUsd = 0.25m });

        if (said is null)
        {
            (await models.ForAsync(context))!.Dispose();
            return;
        }

        var refused = await Assert.ThrowsAsync<EngramException>(async () => await models.ForAsync(context));
        Assert.Equal(FailureKind.QuotaExceeded, refused.Kind);
        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.Contains("00:00:00Z", refused.Message, StringComparison.Ordinal);
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.Zero, TimeSpan.FromDays(1));
        if (ofKey)
            (await models.ForAsync(context with { KeyId = Guid.CreateVersion7() }))!.Dispose();
    }

    [Fact]
    public async Task Another_process_sees_what_was_spent_after_the_staleness_that_is_stated()
    {
        var actor = ProviderStoreTests.ActorOf(await engine.NewTenantAsync());
        await using var elsewhere = EngineFixture.Services(engine.Database.App, engine.Database.System);
        var clock = new Keys.KeyTestHost.TurnableClock(new DateTimeOffset(DateTimeOffset.UtcNow.UtcDateTime.Date.AddHours(12), TimeSpan.Zero));
        var ledger = new SpendLedger(elsewhere.GetRequiredService<Engine.Database.TenantDb>(), clock);
        Assert.Empty(await ledger.TodayAsync(actor.Tenant));
        engine.Get<LlmCallLog>().Record(LlmCallLogTests.Call(actor.Tenant, actor.KeyId) with { At = clock.GetUtcNow(), InputTokens = 90, OutputTokens = 10, CostUsd = 0.5m });
        await engine.Get<LlmCallLog>().FlushAsync(TestContext.Current.CancellationToken);

        clock.Advance(SpendLedger.Staleness);

        Assert.Equal(new Spend(100, 0.5m), (await ledger.TodayAsync(actor.Tenant))[actor.KeyId]);
    }

    [Fact]
    public async Task A_budget_for_a_key_of_another_tenant_is_refused()
    {
        var (mine, other) = (ProviderStoreTests.ActorOf(await engine.NewTenantAsync()), ProviderStoreTests.ActorOf(await engine.NewTenantAsync()));
        await engine.Database.ExecuteAsync(
            $"insert into engram.api_keys (tenant_id, id, name, prefix, hash, scopes) values ('{other.Tenant.Id}', '{other.KeyId}', 'k', 'p', '\\x{Guid.NewGuid():N}', '{{}}')");

        Assert.Equal(other.KeyId, await engine.Get<Budgets>().ReplaceAsync(mine, [new Budget(other.KeyId, 1, null)]));
        Assert.Empty(await engine.Get<Budgets>().ListAsync(mine.Tenant));
    }

    private static LlmContext Context(Tenant tenant) => new(tenant, Guid.CreateVersion7(), "POST /v1/query", ModelRole.Synthesize);
}
