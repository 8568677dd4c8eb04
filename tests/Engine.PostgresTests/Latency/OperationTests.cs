using System.Diagnostics;
using Engram.Engine.Latency;
using Engram.Engine.PostgresTests.Keys;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Engine.PostgresTests.Latency;

public sealed class OperationTests(EngineFixture engine)
{
    private static readonly DateTimeOffset Noon = new(DateTimeOffset.UtcNow.UtcDateTime.Date.AddHours(12), TimeSpan.Zero);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private OperationLog Log => engine.Get<OperationLog>();

    [Fact]
    public async Task A_recorded_operation_is_read_back_with_its_hops_by_its_tenant_alone()
    {
        var (tenant, other) = (await engine.NewTenantAsync(), await engine.NewTenantAsync());
        var timer = new OpTimer(Guid.CreateVersion7()) { Class = OpClass.Query, Operation = "POST /v1/query" };
        timer.Add(Hop.Embed, timer.Started + (Stopwatch.Frequency / 1000), timer.Started + (Stopwatch.Frequency / 500));
        timer.Add(Hop.DbRead, timer.Started, timer.Started + (Stopwatch.Frequency / 250), "keyword");
        timer.CountLlmCall("openai", "gpt-4.1", 100, 20, 0.5m, null);
        var key = Guid.CreateVersion7();
        Log.Record(timer.ToRecord(tenant, key, "api", DateTimeOffset.UtcNow) with { Status = 200, RequestBytes = 10, ResponseBytes = 20 });
        await Log.FlushAsync(Cancel);

        var found = await engine.Get<OperationReader>().FindAsync(tenant, timer.RequestId, EngineFixture.Timer, Cancel);

        Assert.NotNull(found);
        Assert.Equal(("POST /v1/query", "query", "query", "ok", "api"), (found.Operation, found.Class, found.Series, found.Outcome, found.Host));
        Assert.Equal((200, key, 10, 20, 1, 100, 20, 0.5m), (found.Status, found.KeyId, found.RequestBytes, found.ResponseBytes, found.LlmCalls, found.InputTokens, found.OutputTokens, found.CostUsd));
        Assert.Equal(("openai", "gpt-4.1"), (found.Provider, found.Model));
        Assert.Equal([("db-read", "keyword", 0.0, 4.0), ("embed", null, 1.0, 1.0)], found.Hops.Select(h => (h.Hop, h.Label, h.StartMs, h.DurationMs)));
        Assert.Null(await engine.Get<OperationReader>().FindAsync(other, timer.RequestId, EngineFixture.Timer, Cancel));
    }

    [Fact]
    public async Task Percentiles_are_those_of_right_shaped_answers_and_the_others_are_counted_beside_them()
    {
        var tenant = await engine.NewTenantAsync();
        for (var ms = 1; ms <= 100; ms++)
            Log.Record(Record(tenant, ms, OpOutcome.Ok));
        foreach (var outcome in new[] { OpOutcome.ShapeFail, OpOutcome.ClientError, OpOutcome.ClientError, OpOutcome.ProviderFault, OpOutcome.ServerError })
            Log.Record(Record(tenant, 5_000, outcome));
        Log.Record(Record(tenant, 31_000, OpOutcome.Cutoff) with { Cause = "timeout", Provider = "openai", Model = "gpt-4.1" });
        await Log.FlushAsync(Cancel);

        var window = await engine.Get<LatencyReader>().ReadAsync(
            tenant, Noon.AddHours(-1), Noon.AddHours(1), TimeSpan.FromHours(1), LatencyMethod.Exact, EngineFixture.Timer, Cancel);

        var read = Assert.Single(window.Series);
        Assert.Equal(("read", 100, 50.5, 50.0, 95.0, 99.0), (read.Series, read.Samples, read.MeanMs, read.P50Ms, read.P95Ms, read.P99Ms));
        Assert.Equal(new ExcludedCounts(1, 1, 2, 1, 1), read.Excluded);
        Assert.Equal("GET /account/me", Assert.Single(window.Operations).Operation);
        Assert.Equal(Noon, Assert.Single(window.Steps).From);
        Assert.Equal(new CutoffCount("read", "timeout", "openai", "gpt-4.1", 1), Assert.Single(window.Cutoffs));
    }

    [Fact]
    public async Task The_floor_counts_as_a_read_as_well()
    {
        var tenant = await engine.NewTenantAsync();
        Log.Record(Record(tenant, 1, OpOutcome.Ok) with { Operation = LatencyBudgets.FloorOperation });
        Log.Record(Record(tenant, 9, OpOutcome.Ok));
        await Log.FlushAsync(Cancel);

        var window = await engine.Get<LatencyReader>().ReadAsync(
            tenant, Noon.AddHours(-1), Noon.AddHours(1), TimeSpan.FromHours(1), LatencyMethod.Exact, EngineFixture.Timer, Cancel);

        Assert.Equal([("floor", 1), ("read", 2)], window.Series.Select(s => (s.Series, s.Samples)));
    }

    [Fact]
    public void What_is_late_is_a_cutoff_whatever_it_answered_and_a_tool_that_calls_a_model_is_a_query()
    {
        var record = Record(default, 1, OpOutcome.Ok);
        Assert.Equal("read", record.Series);
        Assert.Equal("search", (record with { Class = OpClass.Query }).Series);
        Assert.Equal("query", (record with { Class = OpClass.Query, LlmCalls = 1 }).Series);
        Assert.Equal("store_accepted", (record with { Class = OpClass.Store }).Series);
        Assert.Equal("store", (record with { Class = OpClass.Store, Host = "worker" }).Series);

        var tool = new OpTimer(Guid.CreateVersion7()) { Class = OpClass.Mcp };
        tool.CountLlmCall("openai", "gpt-4.1", 1, 1, null, null);
        Assert.Equal(OpClass.Query, tool.ToRecord(default, null, "mcp", Noon).Class);
    }

    [Fact]
    public async Task Each_record_of_a_batch_keeps_its_own_shares_of_the_time()
    {
        var tenant = await engine.NewTenantAsync();
        foreach (var ms in new[] { 1, 2, 3 })
        {
            Log.Record(Record(tenant, 10, OpOutcome.Ok) with
            {
                Operation = $"op {ms}",
                Hops = [new HopSample(ms == 2 ? Hop.Embed : Hop.DbRead, 0, ms * Stopwatch.Frequency / 1000, null)],
            });
        }

        await Log.FlushAsync(Cancel);

        var shares = await engine.Database.ScalarAsync<string>($"""
            select string_agg(operation || ' ' || array_length(hop_us, 1) || ' ' || hop_us[{(int)Hop.DbRead + 1}] || ' ' || hop_us[{(int)Hop.Embed + 1}], ', ' order by operation)
            from engram.operations where tenant_id = '{tenant.Id}'
            """);
        Assert.Equal($"op 1 {HopNames.Count} 1000 0, op 2 {HopNames.Count} 0 2000, op 3 {HopNames.Count} 3000 0", shares);
    }

    [Fact]
    public async Task The_first_of_an_operation_in_a_process_is_cold_and_the_second_is_not()
    {
        var tenant = await engine.NewTenantAsync();
        await using var services = EngineFixture.Services(engine.Database.App, engine.Database.System);
        var log = services.GetRequiredService<OperationLog>();
        log.Record(Record(tenant, 1, OpOutcome.Ok));
        log.Record(Record(tenant, 2, OpOutcome.Ok));
        await log.StartAsync(Cancel);
        await log.StopAsync(Cancel);

        var operations = await engine.Get<OperationReader>().ListAsync(
            tenant, new OperationFilter(Noon.AddHours(-1), Noon.AddHours(1)), null, 10, EngineFixture.Timer, Cancel);

        Assert.Equal([false, true], operations.OrderByDescending(o => o.DurationMs).Select(o => o.Cold));
    }

    [Fact]
    public async Task Pages_of_operations_follow_each_other_without_a_gap_or_a_repetition()
    {
        var tenant = await engine.NewTenantAsync();
        for (var i = 1; i <= 5; i++)
            Log.Record(Record(tenant, i, i == 3 ? OpOutcome.ServerError : OpOutcome.Ok) with { At = Noon.AddSeconds(i) });
        await Log.FlushAsync(Cancel);
        var reader = engine.Get<OperationReader>();
        var filter = new OperationFilter(Noon.AddHours(-1), Noon.AddHours(1));

        var first = await reader.ListAsync(tenant, filter, null, 2, EngineFixture.Timer, Cancel);
        var second = await reader.ListAsync(tenant, filter, (first[^1].At, first[^1].RequestId), 9, EngineFixture.Timer, Cancel);

        Assert.Equal([5.0, 4.0, 3.0, 2.0, 1.0], first.Concat(second).Select(o => o.DurationMs));
        Assert.Equal([3.0], (await reader.ListAsync(tenant, filter with { Outcome = "server_error" }, null, 9, EngineFixture.Timer, Cancel)).Select(o => o.DurationMs));
        Assert.Equal([5.0, 4.0], (await reader.ListAsync(tenant, filter with { MinMs = 4 }, null, 9, EngineFixture.Timer, Cancel)).Select(o => o.DurationMs));
    }

    [Fact]
    public async Task A_day_gets_its_partition_with_what_was_written_before_it_and_loses_it_when_its_time_is_over()
    {
        var database = await Engram.Tests.Shared.MigratedDatabase.CreateAsync("operations");
        var tenant = await database.CreateTenantAsync();
        await using var services = EngineFixture.Services(database.App, database.System, ("Engram:Operations:KeepDays", "2"));
        var log = services.GetRequiredService<OperationLog>();
        log.Record(Record(tenant, 1, OpOutcome.Ok));
        await log.FlushAsync(Cancel);
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from engram.operations_default"));

        var clock = new KeyTestHost.TurnableClock(Noon);
        var (system, options) = (services.GetRequiredService<Engine.Database.SystemDb>(), services.GetRequiredService<IOptions<OperationOptions>>());
        var partitions = new OperationPartitions(system, options, clock);
        Assert.Equal((4, 0), await partitions.MaintainAsync(Cancel));
        Assert.Equal((0, 0), await partitions.MaintainAsync(Cancel));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from engram.operations_default"));
        Assert.Equal(1, await database.ScalarAsync<long>("select count(*) from engram.operations"));

        clock.Advance(TimeSpan.FromDays(3));
        Assert.Equal((3, 0), await partitions.MaintainAsync(Cancel));
        await new OperationRollups(system, options, clock).MaintainAsync(Cancel);
        Assert.Equal((0, 1), await partitions.MaintainAsync(Cancel));
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from engram.operations"));

        await using var connection = new NpgsqlConnection(database.App);
        await connection.OpenAsync(Cancel);
        await using var write = new NpgsqlCommand("delete from engram.operations", connection);
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => write.ExecuteNonQueryAsync(Cancel))).SqlState);
    }

    private static OperationRecord Record(Tenant tenant, double ms, OpOutcome outcome) =>
        new(tenant, Guid.CreateVersion7(), Noon, "api", "GET /account/me", OpClass.Read, outcome, TimeSpan.FromMilliseconds(ms));
}
