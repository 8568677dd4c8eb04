using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Memories;
using Engram.Engine.Providers;
using Engram.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Engine.PostgresTests.Buckets;

public sealed class ProfileTests(EngineFixture engine)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_models_lines_stay_only_where_their_sources_bear_them_out()
    {
        var tenant = await engine.NewTenantAsync();
        var memory = (await engine.StoreAsync(tenant, "Ann keeps bees on the roof of the town hall.")).MemoryId;
        await ExtractionTestData.ExtractAsync(engine, tenant, memory, ("Ann", "lives_in", "Lisbon"));
        // Sources: 1 the fact, 2 the memory. Kept: the first two. Then: a number nobody gave, a name and a number nobody said, no source, other words.
        var chat = new ScriptedChat("""
            {"lines":[
              {"text":"Ann: lives in Lisbon [1]","sources":[1]},
              {"text":"- Ann: keeps bees on the roof","sources":["2"]},
              {"text":"Ann: lives in Lisbon, of course","sources":[9]},
              {"text":"Ann: lives in Lisbon with Bob","sources":[1]},
              {"text":"Ann: lives in Lisbon since 2019","sources":[1]},
              {"text":"Ann: keeps bees","sources":[]},
              {"text":"Ann: enjoys spending quality time outdoors","sources":[1,2]},
              {"text":"Ann: lives in Lisbon","sources":[1]}]}
            """);

        var profile = await Profiles(chat).RegenerateAsync(tenant, "default", "test", null, EngineFixture.Timer, Cancel);

        Assert.Equal("Ann: lives in Lisbon\nAnn: keeps bees on the roof", profile.Text);
        Assert.Equal(("ready", 1L, "llm/scripted/model-1/profile.v1"), (profile.Status, profile.MemoriesAtGeneration, profile.Source));
        Assert.Contains(">Ann lives in Lisbon</fact>", chat.User, StringComparison.Ordinal);
        Assert.Contains(">Ann keeps bees on the roof of the town hall.</memory>", chat.User, StringComparison.Ordinal);
        var read = await Profiles(null).GetAsync(tenant, "default", EngineFixture.Timer, Cancel);
        Assert.Equal((profile.Text, profile.Source, "ready"), (read.Text, read.Source, read.Status));
        Assert.Equal(profile.Text, Assert.Single(await Profiles(null).OfAsync(tenant, ["default", "elsewhere"], Cancel)).Text);
    }

    [Fact]
    public async Task A_model_of_which_nothing_is_borne_out_leaves_the_graphs_own_words()
    {
        var tenant = await engine.NewTenantAsync();
        await ExtractionTestData.ExtractAsync(engine, tenant, (await engine.StoreAsync(tenant, "Ann lives in Lisbon.")).MemoryId, ("Ann", "lives_in", "Lisbon"));
        var profile = await Profiles(new ScriptedChat("""{"lines":[{"text":"Mallory: owns everything","sources":[1]}]}""")).RegenerateAsync(tenant, "default", "test", null, EngineFixture.Timer, Cancel);
        Assert.Equal(("Ann: lives in Lisbon.", "rules"), (profile.Text, profile.Source));
    }

    [Fact]
    public async Task A_fault_is_the_callers_to_see_and_the_profile_stays()
    {
        var tenant = await engine.NewTenantAsync();
        await ExtractionTestData.ExtractAsync(engine, tenant, (await engine.StoreAsync(tenant, "Ann lives in Lisbon.")).MemoryId, ("Ann", "lives_in", "Lisbon"));
        await Profiles(null).RegenerateAsync(tenant, "default", "test", null, EngineFixture.Timer, Cancel);
        var fault = new ProviderException(new ProviderFault("scripted", "model-1", ProviderFaultKind.Unavailable, 503, 10, 3, "Wait."));
        await Assert.ThrowsAsync<ProviderException>(() => Profiles(new ScriptedChat(fault)).RegenerateAsync(tenant, "default", "test", null, EngineFixture.Timer, Cancel));
        var profile = await Profiles(null).GetAsync(tenant, "default", EngineFixture.Timer, Cancel);
        Assert.Equal(("Ann: lives in Lisbon.", "ready"), (profile.Text, profile.Status));
    }

    [Fact]
    public async Task Buckets_that_have_changed_enough_are_made_anew_once_by_one_worker()
    {
        var database = await MigratedDatabase.CreateAsync("profiles");
        await using var services = EngineFixture.Services(database.App, database.System);
        var (clock, tenant) = (new MovedClock(), await database.CreateTenantAsync());
        var runs = new ProfileRuns(services.GetRequiredService<SystemDb>(), clock);
        var profiles = new Engine.Buckets.Profiles(services.GetRequiredService<TenantDb>(), (_, _) => ValueTask.FromResult<TenantChat?>(null), clock);
        Task StoreAsync(string bucket, int count) => services.GetRequiredService<MemoryStore>().StoreAsync(
            tenant, bucket, [.. Enumerable.Range(0, count).Select(i => new NewMemory { Content = $"Fact {i}.", Dedup = DedupPolicy.Off })], new StoreOptions(), EngineFixture.Timer, Cancel);
        await StoreAsync("full", 5);
        await StoreAsync("small", 4);

        var run = Assert.Single(await runs.TakeAsync(every: 5, count: 10, Cancel));
        Assert.Empty(await runs.TakeAsync(5, 10, Cancel));
        Assert.Equal("pending", (await profiles.GetAsync(tenant, "full", EngineFixture.Timer, Cancel)).Status);
        Assert.Equal("pending", (await profiles.RegenerateAsync(tenant, "full", "test", null, EngineFixture.Timer, Cancel)).Status);
        Assert.Equal("not_installed", (await profiles.GetAsync(tenant, "small", EngineFixture.Timer, Cancel)).Status);

        Assert.True(await runs.MakeAsync(run, profiles, Cancel));
        var made = await profiles.GetAsync(tenant, "full", EngineFixture.Timer, Cancel);
        Assert.Equal(("ready", 5L, "rules"), (made.Status, made.MemoriesAtGeneration, made.Source));
        Assert.Empty(await runs.TakeAsync(5, 10, Cancel));

        await StoreAsync("full", 4);
        Assert.Empty(await runs.TakeAsync(5, 10, Cancel));
        await StoreAsync("full", 1);
        Assert.Equal(run.BucketId, Assert.Single(await runs.TakeAsync(5, 10, Cancel)).BucketId);
    }

    [Fact]
    public async Task A_run_that_fails_or_whose_worker_dies_is_taken_again_later()
    {
        var database = await MigratedDatabase.CreateAsync("profileruns");
        await using var services = EngineFixture.Services(database.App, database.System);
        var (clock, tenant) = (new MovedClock(), await database.CreateTenantAsync());
        var runs = new ProfileRuns(services.GetRequiredService<SystemDb>(), clock);
        await services.GetRequiredService<MemoryStore>().StoreAsync(tenant, "default", new NewMemory { Content = "Ann lives in Lisbon." }, new StoreOptions(), EngineFixture.Timer, Cancel);
        var fault = new ProviderException(new ProviderFault("scripted", "model-1", ProviderFaultKind.RateLimited, 429, 10, 3, "Wait.") { RetryAfter = TimeSpan.FromMinutes(10) });
        var failing = new Engine.Buckets.Profiles(services.GetRequiredService<TenantDb>(), (_, _) => throw fault, clock);

        Assert.False(await runs.MakeAsync(Assert.Single(await runs.TakeAsync(1, 10, Cancel)), failing, Cancel));
        clock.Advance(TimeSpan.FromMinutes(9));
        Assert.Empty(await runs.TakeAsync(1, 10, Cancel));
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(2, Assert.Single(await runs.TakeAsync(1, 10, Cancel)).Attempt);

        // Nobody finishes it.
        clock.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(3, Assert.Single(await runs.TakeAsync(1, 10, Cancel)).Attempt);
    }

    private Engine.Buckets.Profiles Profiles(ScriptedChat? chat) => new(engine.TenantDb, (_, _) => ValueTask.FromResult(chat?.Tenant()), TimeProvider.System);

    /// <summary>Ahead of the stores' clock, so that every bucket is quiet.</summary>
    private sealed class MovedClock : TimeProvider
    {
        private TimeSpan _ahead = TimeSpan.FromMinutes(1);

        public void Advance(TimeSpan by) => _ahead += by;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow + _ahead;
    }
}
