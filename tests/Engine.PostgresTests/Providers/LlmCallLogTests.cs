using Engram.Engine.Providers;
using Npgsql;

namespace Engram.Engine.PostgresTests.Providers;

public sealed class LlmCallLogTests(EngineFixture engine)
{
    // One for all calls: those of two days would be two sums.
    private static readonly DateTimeOffset At = DateTimeOffset.UtcNow;

    private LlmCallLog Log => engine.Get<LlmCallLog>();

    [Fact]
    public async Task Every_call_becomes_a_row_and_part_of_its_days_sum()
    {
        var tenant = await engine.NewTenantAsync();
        var key = Guid.CreateVersion7();
        Log.Record(Call(tenant, key) with { InputTokens = 100, OutputTokens = 20, CostUsd = 0.000_125m, FirstTokenMs = 80 });
        Log.Record(Call(tenant, key) with { InputTokens = 50, OutputTokens = 5, CostUsd = 0.000_05m });
        Log.Record(Call(tenant, null) with
        {
            Fault = new ProviderFault("openai", "gpt", ProviderFaultKind.RateLimited, 429, 1200, 3, "Wait.") { RetryAfter = TimeSpan.FromSeconds(7) },
        });
        await Log.FlushAsync();

        Assert.Equal(3L, await engine.Database.ScalarAsync<long>($"select count(*) from engram.llm_calls where tenant_id = '{tenant.Id}'"));
        Assert.Equal(
            "rate_limited 429 7000 3",
            await engine.Database.ScalarAsync<string>(
                $"select concat_ws(' ', fault_kind, upstream_status, retry_after_ms, attempts) from engram.llm_calls where tenant_id = '{tenant.Id}' and fault_kind is not null"));
        Assert.Equal(
            "2 0 150 25 0.000175000",
            await engine.Database.ScalarAsync<string>(
                $"select concat_ws(' ', calls, faults, input_tokens, output_tokens, cost_usd) from engram.llm_usage_daily where tenant_id = '{tenant.Id}' and key_id = '{key}'"));
        Assert.Equal(
            "1 1 0",
            await engine.Database.ScalarAsync<string>(
                $"select concat_ws(' ', calls, faults, unpriced_calls) from engram.llm_usage_daily where tenant_id = '{tenant.Id}' and key_id <> '{key}'"));
    }

    [Fact]
    public async Task The_rows_cannot_be_changed_through_the_door_that_serves_requests()
    {
        var tenant = await engine.NewTenantAsync();
        Log.Record(Call(tenant, null));
        await Log.FlushAsync();
        foreach (var tidy in (string[])["delete from llm_calls", "update llm_calls set fault_kind = null", "update audit_entries set actor = 'x'", "delete from audit_entries"])
        {
            await using var batch = engine.TenantDb.Batch(tenant).Add(tidy);
            var refused = await Assert.ThrowsAsync<PostgresException>(() => batch.ExecuteAsync());
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refused.SqlState);
        }
    }

    [Fact]
    public async Task Calls_of_a_deleted_tenant_are_left_out_and_take_no_other_tenants_with_them()
    {
        await using var services = EngineFixture.Services(engine.Database.App, engine.Database.System);
        var log = (LlmCallLog)services.GetService(typeof(LlmCallLog))!;
        var tenant = await engine.NewTenantAsync();
        log.Record(Call(new Tenant(Guid.CreateVersion7()), null));
        log.Record(Call(tenant, null));
        await log.FlushAsync();
        Assert.Equal(0, log.Dropped);
        Assert.Equal(1L, await engine.Database.ScalarAsync<long>($"select count(*) from engram.llm_calls where tenant_id = '{tenant.Id}'"));
    }

    [Fact]
    public async Task While_the_database_is_away_calls_wait_and_only_what_does_not_fit_is_dropped()
    {
        var away = new NpgsqlConnectionStringBuilder(engine.Database.System) { Host = "127.0.0.1", Port = 1, Timeout = 1 }.ConnectionString;
        await using var services = EngineFixture.Services(engine.Database.App, away);
        var log = (LlmCallLog)services.GetService(typeof(LlmCallLog))!;
        var call = Call(new Tenant(Guid.CreateVersion7()), null);
        log.Record(call);
        await log.FlushAsync();
        Assert.Equal(0, log.Dropped);

        for (var i = 0; i < LlmCallLog.Capacity + 5; i++)
            log.Record(call);
        Assert.Equal(5, log.Dropped);
    }

    internal static LlmCall Call(Tenant tenant, Guid? keyId) => new(
        new LlmContext(tenant, Guid.CreateVersion7(), "POST /v1/query", ModelRole.Synthesize) { KeyId = keyId },
        "openai", "gpt", At, 1200, 700, 3);
}
