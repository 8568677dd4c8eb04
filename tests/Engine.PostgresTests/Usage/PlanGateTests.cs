using Engram.Engine.Database;
using Engram.Engine.PostgresTests.Keys;
using Engram.Engine.Usage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Engram.Engine.PostgresTests.Usage;

public sealed class PlanGateTests(EngineFixture engine)
{
    private readonly KeyTestHost.TurnableClock _clock = new();

    [Fact]
    public async Task The_plans_memories_are_refused_beyond_their_number_and_what_is_stored_already_counts()
    {
        var tenant = await engine.NewTenantAsync();
        await engine.StoreAsync(tenant, "The first.");
        var gate = Gate(new PlanOptions { Memories = 3 });

        await gate.DemandStoreAsync(tenant, "free", 1);
        var refused = await Assert.ThrowsAsync<EngramException>(async () => await gate.DemandStoreAsync(tenant, "free", 2));
        Assert.Equal((FailureKind.QuotaExceeded, "The plan 'free' includes 3 memories; 2 are stored. Delete some, or change the plan."), (refused.Kind, refused.Message));
        await gate.DemandStoreAsync(tenant, "free", 1);
        await Assert.ThrowsAsync<EngramException>(async () => await gate.DemandStoreAsync(tenant, "free", 1));
        await gate.DemandStoreAsync(await engine.NewTenantAsync(), "free", 3);
    }

    [Fact]
    public async Task A_months_queries_and_writes_are_refused_until_the_next_month()
    {
        var tenant = await engine.NewTenantAsync();
        var gate = Gate(new PlanOptions { Queries = 1, Writes = 2 });

        await gate.DemandQueryAsync(tenant, "free");
        var refused = await Assert.ThrowsAsync<EngramException>(async () => await gate.DemandQueryAsync(tenant, "free"));
        Assert.StartsWith("The plan 'free' includes 1 queries a month; 1 were made. A new month begins at ", refused.Message, StringComparison.Ordinal);
        Assert.True(refused.RetryAfter > TimeSpan.Zero);
        await gate.DemandStoreAsync(tenant, "free", 2);
        await Assert.ThrowsAsync<EngramException>(async () => await gate.DemandStoreAsync(tenant, "free", 1));

        _clock.Advance(refused.RetryAfter!.Value + TimeSpan.FromSeconds(1));
        await gate.DemandQueryAsync(tenant, "free");
    }

    [Fact]
    public async Task What_others_did_is_seen_after_the_staleness_that_is_stated_and_no_request_waits_for_it()
    {
        var tenant = await engine.NewTenantAsync();
        var gate = Gate(new PlanOptions { Memories = 10 });
        await gate.DemandStoreAsync(tenant, "free", 1);
        await engine.Database.ExecuteAsync($"insert into engram.buckets (tenant_id, id, name) values ('{tenant.Id}', '{tenant.Id}', 'x')");
        await engine.Database.ExecuteAsync($"insert into engram.bucket_counters (tenant_id, bucket_id, shard, memories) values ('{tenant.Id}', '{tenant.Id}', 0, 10)");
        await gate.DemandStoreAsync(tenant, "free", 1);

        _clock.Advance(PlanGate.Staleness);

        await KeyTestHost.UntilAsync(
            async () =>
            {
                try
                {
                    await gate.DemandStoreAsync(tenant, "free", 1);
                    return false;
                }
                catch (EngramException)
                {
                    return true;
                }
            },
            "what another process stored is never seen");
    }

    [Fact]
    public void A_plan_without_limits_asks_nobody()
    {
        var gate = Gate(new PlanOptions());
        Assert.True(gate.DemandStoreAsync(default, "free", 500).AsTask().IsCompletedSuccessfully);
        Assert.True(gate.DemandQueryAsync(default, "free").AsTask().IsCompletedSuccessfully);
    }

    private PlanGate Gate(PlanOptions plan) => new(engine.Get<TenantDb>(), new OnePlan(plan), _clock, NullLogger<PlanGate>.Instance);

    private sealed class OnePlan(PlanOptions plan) : IOptionsMonitor<PlanOptions>
    {
        public PlanOptions CurrentValue => plan;

        public PlanOptions Get(string? name) => plan;

        public IDisposable? OnChange(Action<PlanOptions, string?> listener) => null;
    }
}
