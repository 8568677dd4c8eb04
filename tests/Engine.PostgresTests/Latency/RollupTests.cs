using System.Diagnostics;
using Engram.Engine.Database;
using Engram.Engine.Latency;
using Engram.Engine.PostgresTests.Keys;
using Engram.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Engine.PostgresTests.Latency;

/// <summary>A database of its own: roll-ups span tenants.</summary>
public sealed class RollupTests : IAsyncLifetime
{
    private readonly KeyTestHost.TurnableClock _clock = new();
    private MigratedDatabase _database = null!;
    private ServiceProvider _services = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Start of the hour before last: closed, whenever the test runs.</summary>
    private static DateTimeOffset Hour { get; } = new(DateTimeOffset.UtcNow.UtcTicks / TimeSpan.TicksPerHour * TimeSpan.TicksPerHour - (2 * TimeSpan.TicksPerHour), TimeSpan.Zero);

    private OperationLog Log => _services.GetRequiredService<OperationLog>();

    private OperationRollups Rollups => new(_services.GetRequiredService<SystemDb>(), _services.GetRequiredService<IOptions<OperationOptions>>(), _clock);

    private OperationPartitions Partitions => new(_services.GetRequiredService<SystemDb>(), _services.GetRequiredService<IOptions<OperationOptions>>(), _clock);

    public async ValueTask InitializeAsync()
    {
        _database = await MigratedDatabase.CreateAsync("rollups");
        _services = EngineFixture.Services(_database.App, _database.System, ("Engram:Operations:KeepDays", "1"), ("Engram:Operations:RollupKeepDays", "9"));
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();

    [Fact]
    public async Task Long_windows_agree_with_the_exact_numbers_within_the_stated_error_before_and_after_the_roll_up()
    {
        var (tenant, other) = (await _database.CreateTenantAsync(), await _database.CreateTenantAsync());
        var random = new Random(3);
        for (var i = 0; i < 3_000; i++)
        {
            // Half a millisecond with a tail of seconds, over two hours and two operations.
            var ms = 0.5 / Math.Pow(1 - random.NextDouble(), 1.3);
            var operation = i % 3 == 0 ? LatencyBudgets.FloorOperation : "GET /account/me";
            Log.Record(Record(tenant, Math.Min(ms, 29_000), Hour.AddSeconds(i)) with { Operation = operation, Hops = Hops(ms / 2), Started = 0 });
        }

        Log.Record(Record(tenant, 31_000, Hour.AddMinutes(3)) with { Outcome = OpOutcome.Cutoff, Cause = "timeout", Provider = "openai", Model = "gpt-4.1" });
        Log.Record(Record(tenant, 1, Hour.AddMinutes(70)) with { Outcome = OpOutcome.ClientError, Cause = "bucket_not_found" });
        Log.Record(Record(other, 20_000, Hour.AddMinutes(1)));
        await Log.FlushAsync(Cancel);

        var exact = await ReadAsync(tenant, LatencyMethod.Exact);
        var before = await ReadAsync(tenant, LatencyMethod.Sketch);
        Assert.Equal(2, await Rollups.MaintainAsync(Cancel));
        Assert.Equal(0, await Rollups.MaintainAsync(Cancel));
        var after = await ReadAsync(tenant, LatencyMethod.Sketch);

        AssertAgrees(exact, before);
        AssertAgrees(exact, after);
        Assert.Equal([("floor", 1_000), ("read", 3_000)], after.Series.Select(s => (s.Series, s.Samples)));
        Assert.Equal(new ExcludedCounts(1, 0, 1, 0, 0), after.Series[1].Excluded);
        Assert.Equal(new CutoffCount("read", "timeout", "openai", "gpt-4.1", 1), Assert.Single(after.Cutoffs));
        Assert.Equal([2], after.Temperatures.Where(t => t is { Cold: true, Series: "read" }).Select(t => t.Samples));
        // Proof that it was the roll-ups that were read: without the records the numbers are the same.
        await _database.ExecuteAsync("delete from engram.operations");
        AssertAgrees(exact, await ReadAsync(tenant, LatencyMethod.Sketch));
    }

    [Fact]
    public async Task The_hops_of_a_series_are_the_same_from_the_records_and_from_the_roll_ups()
    {
        var tenant = await _database.CreateTenantAsync();
        for (var i = 0; i < 100; i++)
            Log.Record(Record(tenant, 10, Hour.AddMinutes(i)) with { Operation = i % 2 == 0 ? LatencyBudgets.FloorOperation : "GET /account/me", Hops = Hops(i % 2 == 0 ? 2 : 6), Started = 0 });
        Log.Record(Record(tenant, 900, Hour) with { Outcome = OpOutcome.ServerError, Hops = Hops(900), Started = 0 });
        await Log.FlushAsync(Cancel);

        var exact = await BreakdownAsync(tenant, LatencyMethod.Exact);
        var before = await BreakdownAsync(tenant, LatencyMethod.Sketch);
        await Rollups.MaintainAsync(Cancel);
        var after = await BreakdownAsync(tenant, LatencyMethod.Sketch);

        Assert.Equal([(Hour, 60, 10, new HopShare("db-read", 4)), (Hour.AddHours(1), 40, 10, new HopShare("db-read", 4))], exact);
        Assert.Equal(exact, before);
        Assert.Equal(exact, after);
        // Proof that it was the roll-ups that were read.
        await _database.ExecuteAsync("delete from engram.operations");
        Assert.Equal(exact, await BreakdownAsync(tenant, LatencyMethod.Sketch));
    }

    [Theory]
    [InlineData("samples")]
    [InlineData("hops")]
    public async Task Hours_that_are_in_no_roll_up_are_each_read_by_their_own_range_of_the_key(string what)
    {
        var tenant = await _database.CreateTenantAsync();
        await _database.ExecuteAsync($"""
            insert into engram.operations (tenant_id, at, request_id, host, operation, class, series, outcome, duration_us, cold, llm_calls, input_tokens, output_tokens, deploy_id, hops)
            select '{tenant.Id}', date_trunc('hour', now()) - i * interval '1 second', gen_random_uuid(), 'api', 'POST /v1/query', 'query', 'query', 'ok', 1000, false, 0, 0, 0, '1', '[]'
            from generate_series(1, 20000) i;
            insert into engram.operation_hours (hour, written) select distinct date_bin('1 hour', at, 'epoch'), 1 from engram.operations;
            analyze engram.operations
            """);

        await using var connection = new NpgsqlConnection(_database.App);
        await connection.OpenAsync(Cancel);
        await using var wanted = new TenantBatch(new NpgsqlBatch(connection), tenant);
        if (what == "samples")
            RollupReader.AddSamples(wanted, tenant, Hour.AddDays(-1), Hour.AddHours(3));
        else
            RollupReader.AddHops(wanted, tenant, Hour.AddDays(-1), Hour.AddHours(3), ["query"]);
        wanted.Commands[^1].CommandText = "explain " + wanted.Commands[^1].CommandText;
        await using var reader = await wanted.ExecuteReaderAsync(Cancel);
        var plan = new System.Text.StringBuilder();
        while (await reader.ReadAsync(Cancel))
            plan.AppendLine(reader.GetString(0));

        // Both ends: by its beginning alone every hour would be read to the end of the day, and of the next hours again.
        Assert.True(System.Text.RegularExpressions.Regex.IsMatch(plan.ToString(), @"Index Cond: \(\(tenant_id = .*at >= h\w*\.hour\) AND \(at < h\w*\.ends\)"), plan.ToString());
    }

    [Fact]
    public async Task What_comes_late_is_rolled_up_with_its_hour_and_nothing_is_counted_twice()
    {
        var tenant = await _database.CreateTenantAsync();
        Log.Record(Record(tenant, 5, Hour));
        await Log.FlushAsync(Cancel);
        await Rollups.MaintainAsync(Cancel);
        var late = Record(tenant, 900, Hour.AddMinutes(59));
        Log.Record(late);
        await Log.FlushAsync(Cancel);

        Assert.Equal(2, Assert.Single((await ReadAsync(tenant, LatencyMethod.Sketch)).Series).Samples);
        Assert.Equal(1, await Rollups.MaintainAsync(Cancel));
        var rolled = Assert.Single((await ReadAsync(tenant, LatencyMethod.Sketch)).Series);
        Assert.Equal(2, rolled.Samples);
        Assert.InRange(rolled.P99Ms!.Value, 891, 909);
        Assert.Equal(2, await _database.ScalarAsync<long>("select samples from engram.platform_rollups where series = 'read'"));

        // The same batch once more, as after a lost answer to its commit: the records are there already, the hour is done once more.
        Log.Record(late);
        await Log.FlushAsync(Cancel);
        await Rollups.MaintainAsync(Cancel);
        Assert.Equal(2, Assert.Single((await ReadAsync(tenant, LatencyMethod.Sketch)).Series).Samples);
    }

    [Fact]
    public async Task Records_go_when_their_time_is_over_and_their_hours_are_rolled_up_and_the_numbers_stay()
    {
        var tenant = await _database.CreateTenantAsync();
        await Partitions.MaintainAsync(Cancel);
        for (var i = 0; i < 100; i++)
            Log.Record(Record(tenant, i + 1, Hour.AddSeconds(i)));
        await Log.FlushAsync(Cancel);
        _clock.Advance(TimeSpan.FromDays(3));

        // Not rolled up yet, so nothing is dropped.
        await Partitions.MaintainAsync(Cancel);
        Assert.Equal(100, await _database.ScalarAsync<long>("select count(*) from engram.operations"));
        Assert.Equal(1, await Rollups.MaintainAsync(Cancel));
        await Partitions.MaintainAsync(Cancel);
        Assert.Equal(0, await _database.ScalarAsync<long>("select count(*) from engram.operations"));
        Assert.Equal(100, Assert.Single((await ReadAsync(tenant, LatencyMethod.Sketch)).Series).Samples);

        // What comes for that hour now must not replace what was summed up from records that are gone.
        Log.Record(Record(tenant, 7, Hour));
        await Log.FlushAsync(Cancel);
        await Rollups.MaintainAsync(Cancel);
        Assert.Equal(100, Assert.Single((await ReadAsync(tenant, LatencyMethod.Sketch)).Series).Samples);

        _clock.Advance(TimeSpan.FromDays(8));
        await Rollups.MaintainAsync(Cancel);
        Assert.Equal(0, await _database.ScalarAsync<long>("select count(*) from engram.operation_rollups"));
    }

    [Fact]
    public async Task Two_workers_at_once_roll_an_hour_up_once_and_an_hour_that_fails_stays_as_it_was()
    {
        var tenant = await _database.CreateTenantAsync();
        for (var i = 0; i < 500; i++)
            Log.Record(Record(tenant, 1 + (i % 7), Hour.AddSeconds(i)) with { Operation = $"op {i % 5}" });
        await Log.FlushAsync(Cancel);

        await Task.WhenAll(Rollups.MaintainAsync(Cancel), Rollups.MaintainAsync(Cancel), Rollups.MaintainAsync(Cancel));
        Assert.Equal(500, await _database.ScalarAsync<long>("select sum(samples)::bigint from engram.operation_rollups"));

        await _database.ExecuteAsync("alter table engram.platform_rollups add constraint broken check (series <> 'read') not valid");
        Log.Record(Record(tenant, 1, Hour));
        await Log.FlushAsync(Cancel);
        await Assert.ThrowsAsync<PostgresException>(() => Rollups.MaintainAsync(Cancel));
        Assert.Equal(500, await _database.ScalarAsync<long>("select sum(samples)::bigint from engram.operation_rollups"));
        await _database.ExecuteAsync("alter table engram.platform_rollups drop constraint broken");
        Assert.Equal(1, await Rollups.MaintainAsync(Cancel));
        Assert.Equal(501, await _database.ScalarAsync<long>("select sum(samples)::bigint from engram.operation_rollups"));
    }

    [Fact]
    public async Task The_public_numbers_are_of_all_tenants_whether_rolled_up_or_not_and_read_once_a_minute()
    {
        // In the last minute of an hour, so that the next look comes from the hour after it.
        _clock.Advance(Hour.AddHours(3).AddSeconds(-30) - _clock.GetUtcNow());
        var (one, two) = (await _database.CreateTenantAsync(), await _database.CreateTenantAsync());
        for (var i = 1; i <= 50; i++)
        {
            Log.Record(Record(one, i, Hour));
            Log.Record(Record(two, 50 + i, Hour.AddHours(1)) with { Operation = LatencyBudgets.FloorOperation });
        }

        Log.Record(Record(two, 31_000, Hour) with { Outcome = OpOutcome.Cutoff });
        await Log.FlushAsync(Cancel);
        using var fresh = Public();
        var before = await fresh.ReadAsync(Cancel);
        await Rollups.MaintainAsync(Cancel);
        using var rolled = Public();
        var after = await rolled.ReadAsync(Cancel);

        foreach (var numbers in new[] { before!, after! })
        {
            Assert.Equal(["read", "mcp", "store", "query"], numbers.Numbers.Select(n => n.Class));
            var read = numbers.Numbers[0];
            Assert.Equal((100, 1, 1, false), (read.Samples, read.Excluded, read.Cutoffs, read.WithinBudget));
            Assert.InRange(read.P95Ms!.Value, 95 * 0.99, 95 * 1.01);
            Assert.Null(numbers.Numbers[1].P95Ms);
        }

        Log.Record(Record(one, 1, Hour));
        await Log.FlushAsync(Cancel);
        Assert.Same(after, await rolled.ReadAsync(Cancel));
        _clock.Advance(PublicLatency.KeptFor);
        Assert.Equal(101, (await rolled.ReadAsync(Cancel))!.Numbers[0].Samples);
    }

    private PublicLatency Public() => new(_services.GetRequiredService<SystemDb>(), _services.GetRequiredService<IOptions<OperationOptions>>(), _clock);

    private Task<LatencyWindow> ReadAsync(Tenant tenant, LatencyMethod method) => _services.GetRequiredService<LatencyReader>().ReadAsync(
        tenant, Hour.AddHours(-1), Hour.AddHours(3), TimeSpan.FromHours(1), method, EngineFixture.Timer, Cancel);

    private async Task<(DateTimeOffset From, long Operations, double MeanMs, HopShare Hop)[]> BreakdownAsync(Tenant tenant, LatencyMethod method) =>
    [
        .. (await _services.GetRequiredService<BreakdownReader>().ReadAsync(
            tenant, Hour.AddHours(-1), Hour.AddHours(3), TimeSpan.FromHours(1), "read", method, EngineFixture.Timer, Cancel)).Select(step => (step.From, step.Operations, step.MeanMs, Assert.Single(step.Hops))),
    ];

    private static void AssertAgrees(LatencyWindow exact, LatencyWindow sketch)
    {
        foreach (var (expected, actual) in new[] { (exact.Series, sketch.Series), (exact.Operations, sketch.Operations), (exact.Steps, sketch.Steps) })
        {
            Assert.NotEmpty(expected);
            Assert.Equal(
                expected.Select(n => (n.Series, n.Operation, n.From, n.Samples, n.Cold, n.Excluded, n.MeanMs)),
                actual.Select(n => (n.Series, n.Operation, n.From, n.Samples, n.Cold, n.Excluded, n.MeanMs)));
            foreach (var (e, a) in expected.Zip(actual).Where(pair => pair.First.Samples > 0))
            {
                AssertWithin(e.P50Ms, a.P50Ms);
                AssertWithin(e.P95Ms, a.P95Ms);
                AssertWithin(e.P99Ms, a.P99Ms);
            }
        }

        Assert.Equal(exact.Hops, sketch.Hops);
        Assert.Equal(exact.Exclusions, sketch.Exclusions);
        Assert.Equal(exact.Deploys.Select(d => (d.DeployId, d.Operations)), sketch.Deploys.Select(d => (d.DeployId, d.Operations)));
        foreach (var (e, a) in exact.Temperatures.Zip(sketch.Temperatures))
        {
            Assert.Equal((e.Series, e.Cold, e.Samples, e.MeanMs), (a.Series, a.Cold, a.Samples, a.MeanMs));
            AssertWithin(e.P95Ms, a.P95Ms);
        }
    }

    private static void AssertWithin(double? exact, double? estimate) =>
        Assert.InRange(estimate!.Value, exact!.Value * (1 - DurationSketch.RelativeError) - 1e-6, exact.Value * (1 + DurationSketch.RelativeError) + 1e-6);

    private static HopSample[] Hops(double ms) => [new(Hop.DbRead, 0, (long)(ms * Stopwatch.Frequency / 1000), null)];

    private static OperationRecord Record(Tenant tenant, double ms, DateTimeOffset at) =>
        new(tenant, Guid.CreateVersion7(), at, "api", "GET /account/me", OpClass.Read, OpOutcome.Ok, TimeSpan.FromMilliseconds(ms));
}
