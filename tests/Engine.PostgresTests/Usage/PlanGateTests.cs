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
    public async Task A_plan_without_limits_asks_nobody_once_the_plans_are_read()
    {
        var gate = Gate(new PlanOptions());
        await gate.DemandQueryAsync(default, "unlimited");
        Assert.True(gate.DemandStoreAsync(default, "unlimited", 500).AsTask().IsCompletedSuccessfully);
        Assert.True(gate.DemandQueryAsync(default, "unlimited").AsTask().IsCompletedSuccessfully);
        Assert.True(gate.DemandStoreAsync(default, "a plan nobody wrote down", 500).AsTask().IsCompletedSuccessfully);
    }

    [Fact]
    public async Task A_store_that_came_to_nothing_takes_nothing_of_the_plan()
    {
        var tenant = await engine.NewTenantAsync();
        var gate = Gate(new PlanOptions { Memories = 2 });

        (await gate.DemandStoreAsync(tenant, "free", 2)).Dispose();
        using (var half = await gate.DemandStoreAsync(tenant, "free", 2))
            half.Stored = 1;
        (await gate.DemandStoreAsync(tenant, "free", 1)).Stored = 1;
        await Assert.ThrowsAsync<EngramException>(async () => await gate.DemandStoreAsync(tenant, "free", 1));
    }

    [Fact]
    public async Task Between_the_soft_and_the_hard_limit_the_tenant_is_told_and_beyond_it_refused()
    {
        var tenant = await engine.NewTenantAsync();
        var gate = Gate(new PlanOptions { Queries = 10, GracePercent = 20 });

        var told = new string[12];
        for (var i = 0; i < told.Length; i++)
            told[i] = await gate.DemandQueryAsync(tenant, "pro") ?? "";
        var refused = await Assert.ThrowsAsync<EngramException>(async () => await gate.DemandQueryAsync(tenant, "pro"));

        Assert.Equal(["", "", "", "", "", "", "", "queries=80%", "queries=90%", "queries=100%", "queries=110%", "queries=120%"], told);
        Assert.Equal(FailureKind.QuotaExceeded, refused.Kind);
    }

    [Fact]
    public async Task Passing_80_and_100_percent_is_written_down_once_whatever_the_number_of_processes()
    {
        var tenant = await engine.NewTenantAsync();
        var (here, there) = (Gate(new PlanOptions { Queries = 5 }), Gate(new PlanOptions { Queries = 5 }));
        for (var i = 0; i < 5; i++)
        {
            await here.DemandQueryAsync(tenant, "free");
            await there.DemandQueryAsync(tenant, "free");
        }

        await KeyTestHost.UntilAsync(
            async () => await engine.Database.ScalarAsync<long>($"select count(*) from engram.usage_marks where tenant_id = '{tenant.Id}'") == 2, "the marks are never written");
        Assert.Equal(
            "queries 80 4 5, queries 100 5 5",
            await engine.Database.ScalarAsync<string>($"select string_agg(concat_ws(' ', quantity, percent, used, included), ', ' order by percent) from engram.usage_marks where tenant_id = '{tenant.Id}'"));
        Assert.Equal(2, await engine.Database.ScalarAsync<long>($"select count(*) from engram.audit_entries where tenant_id = '{tenant.Id}' and action = 'usage.mark'"));
    }

    [Fact]
    public async Task The_plans_buckets_are_refused_beyond_their_number_by_whichever_way_they_are_made()
    {
        var tenant = await engine.NewTenantAsync();
        var gate = Gate(new PlanOptions { Buckets = 1 });
        Assert.Equal("buckets=100%", await gate.DemandBucketAsync(tenant, "free"));
        await engine.StoreAsync(tenant, "The first.", "one");

        Assert.Equal(FailureKind.QuotaExceeded, (await Assert.ThrowsAsync<EngramException>(async () => await gate.DemandBucketAsync(tenant, "free"))).Kind);
        var options = new Engine.Memories.StoreOptions(MaxBuckets: (await gate.DemandStoreAsync(tenant, "free", 1)).BucketLimit);
        var refused = await Assert.ThrowsAsync<EngramException>(() => engine.Memories.StoreAsync(tenant, "two", new Engine.Memories.NewMemory { Content = "Not here." }, options, EngineFixture.Timer));
        Assert.Equal((FailureKind.QuotaExceeded, "bucket"), (refused.Kind, refused.Field));
        await engine.Memories.StoreAsync(tenant, "one", new Engine.Memories.NewMemory { Content = "Here." }, options, EngineFixture.Timer);
    }

    private PlanGate Gate(PlanOptions plan) => new(
        engine.Get<TenantDb>(), new Plans(engine.Get<SystemDb>(), new OnePlan(plan), _clock, NullLogger<Plans>.Instance),
        new UsageMarks(engine.Get<TenantDb>(), _clock, NullLogger<UsageMarks>.Instance), _clock, NullLogger<PlanGate>.Instance);

    private sealed class OnePlan(PlanOptions plan) : IOptionsMonitor<PlanOptions>
    {
        public PlanOptions CurrentValue => plan;

        public PlanOptions Get(string? name) => plan;

        public IDisposable? OnChange(Action<PlanOptions, string?> listener) => null;
    }
}
