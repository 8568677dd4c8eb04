using Engram.Engine.Audit;
using Engram.Engine.Database;
using Engram.Engine.Extraction;
using Engram.Engine.Memories;
using Engram.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Engine.PostgresTests.Extraction;

/// <summary>The queue spans tenants, so each test has a database of its own and moves the clock itself.</summary>
public sealed class JobQueueTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_tenant_gets_its_first_job_before_any_gets_its_second()
    {
        await using var queue = await OwnQueue.CreateAsync();
        var (loud, quiet) = (await queue.TenantAsync(), await queue.TenantAsync());
        await queue.StoreAsync(loud, 30);
        await queue.StoreAsync(quiet, 2);
        var claimed = await queue.Jobs.ClaimAsync("w", 4, Cancel);
        Assert.Equal(2, claimed.Count(j => j.Tenant == quiet));
        Assert.Equal(2, claimed.Count(j => j.Tenant == loud));
    }

    [Fact]
    public async Task A_job_is_claimed_by_one_of_many_workers()
    {
        await using var queue = await OwnQueue.CreateAsync();
        await queue.StoreAsync(await queue.TenantAsync(), 40);
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => ClaimAllAsync(queue, $"w{i}")));
        var ids = claims.SelectMany(c => c).ToArray();
        Assert.Equal(40, ids.Length);
        Assert.Equal(40, ids.Distinct().Count());
    }

    [Fact]
    public async Task A_job_whose_worker_died_is_claimed_again_after_its_lease_and_the_dead_one_cannot_complete_it()
    {
        await using var queue = await OwnQueue.CreateAsync();
        await queue.StoreAsync(await queue.TenantAsync(), 1);
        var dead = Assert.Single(await queue.Jobs.ClaimAsync("dead", 5, Cancel));
        queue.Clock.Advance(JobQueue.Lease / 2);
        Assert.Equal(0, await queue.Jobs.RequeueExpiredAsync(Cancel));
        queue.Clock.Advance(JobQueue.Lease);
        Assert.Equal(1, await queue.Jobs.RequeueExpiredAsync(Cancel));
        var next = Assert.Single(await queue.Jobs.ClaimAsync("next", 5, Cancel));
        Assert.Equal((dead.Id, dead.Fence + 1, 2), (next.Id, next.Fence, next.Attempt));
        var triples = queue.Get<TripleStore>();
        Assert.False(await triples.CompleteAsync(dead, [], "test", Cancel));
        Assert.True(await triples.CompleteAsync(next, [], "test", Cancel));
    }

    [Fact]
    public async Task A_renewed_lease_does_not_run_out()
    {
        await using var queue = await OwnQueue.CreateAsync();
        await queue.StoreAsync(await queue.TenantAsync(), 1);
        var held = await queue.Jobs.ClaimAsync("w", 1, Cancel);
        for (var i = 0; i < 4; i++)
        {
            queue.Clock.Advance(JobQueue.Lease * 0.7);
            await queue.Jobs.RenewAsync([.. held], Cancel);
            Assert.Equal(0, await queue.Jobs.RequeueExpiredAsync(Cancel));
        }
    }

    [Fact]
    public async Task A_running_job_that_is_cancelled_is_lost_to_its_worker_at_the_next_renewal()
    {
        await using var queue = await OwnQueue.CreateAsync();
        var tenant = await queue.TenantAsync();
        await queue.StoreAsync(tenant, 1);
        var held = Assert.Single(await queue.Jobs.ClaimAsync("w", 1, Cancel));
        Assert.Empty(await queue.Jobs.RenewAsync([held], Cancel));
        var actor = new Actor(tenant, "ann@example.org", Guid.CreateVersion7(), "eng_sess_x", null, Guid.CreateVersion7());

        Assert.True(await queue.Get<ExtractionJobs>().CancelAsync(actor, held.Id, Cancel));

        Assert.Equal([held.Id], await queue.Jobs.RenewAsync([held], Cancel));
        Assert.False(await queue.Get<TripleStore>().CompleteAsync(held, [], "test", Cancel));
    }

    [Fact]
    public async Task A_failing_job_backs_off_and_ends_as_a_dead_letter_that_says_why()
    {
        await using var queue = await OwnQueue.CreateAsync();
        var tenant = await queue.TenantAsync();
        await queue.StoreAsync(tenant, 1);
        for (var attempt = 1; attempt <= JobQueue.MaxAttempts; attempt++)
        {
            var job = Assert.Single(await queue.Jobs.ClaimAsync("w", 1, Cancel));
            Assert.Equal(attempt, job.Attempt);
            await queue.Jobs.FailAsync(job, "provider: timeout", Cancel);
            Assert.Empty(await queue.Jobs.ClaimAsync("w", 1, Cancel));
            queue.Clock.Advance(TimeSpan.FromMinutes(20));
        }

        Assert.Empty(await queue.Jobs.ClaimAsync("w", 1, Cancel));
        var page = await queue.Get<MemoryReader>().ListAsync(tenant, "default", 1, 0, null, null, EngineFixture.Timer, Cancel);
        var detail = await queue.Get<MemoryReader>().GetAsync(tenant, "default", page.Memories[0].Id, EngineFixture.Timer, Cancel);
        Assert.Equal((ExtractionState.Failed, "provider: timeout"), (detail.Memory.Extraction, detail.Job?.Error));
    }

    [Fact]
    public async Task A_job_given_back_on_shutdown_loses_no_attempt()
    {
        await using var queue = await OwnQueue.CreateAsync();
        await queue.StoreAsync(await queue.TenantAsync(), 1);
        await queue.Jobs.ReleaseAsync((await queue.Jobs.ClaimAsync("w", 1, Cancel))[0], Cancel);
        Assert.Equal(1, (await queue.Jobs.ClaimAsync("w", 1, Cancel))[0].Attempt);
    }

    [Fact]
    public async Task A_claim_says_whether_its_key_was_told_something_of_the_bucket_lately()
    {
        await using var queue = await OwnQueue.CreateAsync();
        var (tenant, told, other) = (await queue.TenantAsync(), Guid.CreateVersion7(), Guid.CreateVersion7());
        async Task StoreAsync(Guid key, string text) => await queue.Get<MemoryStore>().StoreAsync(
            tenant, "default", new NewMemory { Content = text, Dedup = DedupPolicy.Off }, new StoreOptions(key), EngineFixture.Timer, Cancel);
        await StoreAsync(other, "Ann lives in Lisbon.");
        var found = await queue.Get<Engine.Recall.Recall>().QueryAsync(tenant, new() { Query = "Where does Ann live?" }, EngineFixture.Timer, Cancel);
        queue.Get<RecalledTexts>().Note(tenant, told, found.Hits);
        await queue.Get<RecalledTexts>().FlushAsync(Cancel);
        await StoreAsync(told, "Ann lives in Lisbon!");
        await StoreAsync(other, "Ann lives in Lisbon?");

        var jobs = await queue.Jobs.ClaimAsync("w", 10, Cancel);
        Assert.Equal([("Ann lives in Lisbon.", false), ("Ann lives in Lisbon!", true), ("Ann lives in Lisbon?", false)], jobs.Select(j => (j.Input.Text, j.MayBeRecalled)));
    }

    private static async Task<List<Guid>> ClaimAllAsync(OwnQueue queue, string worker)
    {
        var ids = new List<Guid>();
        while (await queue.Jobs.ClaimAsync(worker, 3, Cancel) is { Count: > 0 } claimed)
            ids.AddRange(claimed.Select(j => j.Id));
        return ids;
    }

    private sealed class OwnQueue(MigratedDatabase database, ServiceProvider services, MovedClock clock) : IAsyncDisposable
    {
        public MovedClock Clock => clock;

        public JobQueue Jobs { get; } = new(services.GetRequiredService<SystemDb>(), clock);

        public T Get<T>()
            where T : notnull => services.GetRequiredService<T>();

        public static async Task<OwnQueue> CreateAsync()
        {
            var database = await MigratedDatabase.CreateAsync("queue");
            return new OwnQueue(database, EngineFixture.Services(database.App, database.System), new MovedClock());
        }

        public Task<Tenant> TenantAsync() => database.CreateTenantAsync();

        public async Task StoreAsync(Tenant tenant, int count) => await Get<MemoryStore>().StoreAsync(
            tenant, "default", [.. Enumerable.Range(0, count).Select(i => new NewMemory { Content = $"Fact {i}.", Dedup = DedupPolicy.Off })], new StoreOptions(),
            EngineFixture.Timer, Cancel);

        public ValueTask DisposeAsync() => services.DisposeAsync();
    }

    /// <summary>Ahead of the wall clock that the stores used, so that every stored job is due.</summary>
    private sealed class MovedClock : TimeProvider
    {
        private TimeSpan _ahead = TimeSpan.FromMinutes(1);

        public void Advance(TimeSpan by) => _ahead += by;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + _ahead;
    }
}
