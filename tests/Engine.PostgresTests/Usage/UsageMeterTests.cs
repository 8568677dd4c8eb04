using Engram.Engine.Database;
using Engram.Engine.PostgresTests.Keys;
using Engram.Engine.Usage;
using Engram.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Engram.Engine.PostgresTests.Usage;

public sealed class UsageMeterTests(EngineFixture engine)
{
    // All counts are of one day.
    private readonly KeyTestHost.TurnableClock _clock = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_request_counts_once_in_one_batch_in_two_and_from_two_processes()
    {
        var (tenant, key, request) = (await engine.NewTenantAsync(), Guid.CreateVersion7(), Guid.CreateVersion7());
        using var one = Meter(engine.Get<SystemDb>());
        using var other = Meter(engine.Get<SystemDb>());
        one.Count(tenant, key, request, null, UsageOperation.Query, 3);
        one.Count(tenant, key, request, null, UsageOperation.Query, 3);
        await one.FlushAsync(Cancel);
        one.Count(tenant, key, request, null, UsageOperation.Query, 3);
        other.Count(tenant, key, request, null, UsageOperation.Query, 3);
        await Task.WhenAll(one.FlushAsync(Cancel), other.FlushAsync(Cancel));
        Assert.Equal("query 1 3", await SumsAsync(tenant));

        // Another request counts, and so does something else under the same id.
        one.Count(tenant, key, Guid.CreateVersion7(), null, UsageOperation.Query, 2);
        one.Count(tenant, key, request, null, UsageOperation.Edit, 1);
        await one.FlushAsync(Cancel);
        Assert.Equal("edit 1 1, query 2 5", await SumsAsync(tenant));
    }

    [Fact]
    public async Task What_could_not_be_written_is_written_later_and_what_was_written_without_an_answer_is_not_added_again()
    {
        var database = await MigratedDatabase.CreateAsync("meter");
        var tenant = await database.CreateTenantAsync();
        await using var services = EngineFixture.Services(database.App, database.System);
        using var meter = Meter(services.GetRequiredService<SystemDb>());
        var (key, first) = (Guid.CreateVersion7(), Guid.CreateVersion7());

        // A commit whose answer was lost: the rows are there, the meter does not know.
        meter.Count(tenant, key, first, null, UsageOperation.Store, 1);
        await meter.FlushAsync(Cancel);
        await database.ExecuteAsync("alter table engram.usage_daily rename to elsewhere");
        meter.Count(tenant, key, first, null, UsageOperation.Store, 1);
        meter.Count(tenant, key, Guid.CreateVersion7(), null, UsageOperation.Store, 1);
        await meter.FlushAsync(Cancel);
        await database.ExecuteAsync("alter table engram.elsewhere rename to usage_daily");
        await meter.FlushAsync(Cancel);
        await meter.FlushAsync(Cancel);

        Assert.Equal("store 2 2", await database.ScalarAsync<string>("select string_agg(concat_ws(' ', operation, requests, memories), ', ') from engram.usage_daily"));
        await UsageMeter.PruneAsync(services.GetRequiredService<SystemDb>(), DateTimeOffset.UtcNow.AddMinutes(1), Cancel);
        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from engram.usage_events"));
    }

    [Fact]
    public async Task A_repeatable_request_has_the_same_id_at_every_repetition_and_in_no_other_tenant()
    {
        var (tenant, other) = (await engine.NewTenantAsync(), await engine.NewTenantAsync());
        Assert.Equal(UsageMeter.IdOf(tenant, "retry-1"), UsageMeter.IdOf(tenant, "retry-1"));
        Assert.Distinct([UsageMeter.IdOf(tenant, "retry-1"), UsageMeter.IdOf(tenant, "retry-2"), UsageMeter.IdOf(other, "retry-1")]);
    }

    [Fact]
    public void A_projection_goes_on_as_it_went_so_far()
    {
        Assert.Equal(new UsageProjection(150, 100, 20, 2_000, 200, 3m), PlanUsageReader.Project(100, 50, 10, 1_000, 100, 1.5m, 0.5));
        Assert.Equal(new UsageProjection(0, 0, 20, 0, 0, 0), PlanUsageReader.Project(0, 0, 1, 0, 0, 0, 0.001));
    }

    [Theory]
    [InlineData(79, "ok")]
    [InlineData(80, "near")]
    [InlineData(100, "reached")]
    [InlineData(119, "reached")]
    [InlineData(120, "exhausted")]
    public void A_quota_says_how_far_it_is(long used, string mark) => Assert.Equal((mark, used), (new Quota(used, 100, 120).Mark, new Quota(used, 100, 120).Percent));

    private UsageMeter Meter(SystemDb db) => new(db, _clock, NullLogger<UsageMeter>.Instance);

    private Task<string> SumsAsync(Tenant tenant) => engine.Database.ScalarAsync<string>(
        $"select string_agg(concat_ws(' ', operation, requests, memories), ', ' order by operation) from engram.usage_daily where tenant_id = '{tenant.Id}'");
}
