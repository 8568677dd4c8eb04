using Engram.Engine.Keys;

namespace Engram.Engine.PostgresTests.Keys;

public class ApiKeyAuthenticatorTests(EngineFixture fixture)
{
    [Fact]
    public async Task A_key_gives_its_principal_from_the_database_and_then_from_the_cache()
    {
        await using var host = new KeyTestHost(fixture);
        var tenant = await fixture.NewTenantAsync();
        var created = await host.Keys.CreateAsync(tenant, new NewKey("Agent", Scopes.MemoriesRead, ["default"]), CancellationToken.None);

        var (first, _) = await host.Authenticator.AuthenticateAsync(created.Key);
        var (second, _) = await host.Authenticator.AuthenticateAsync(created.Key);

        Assert.NotNull(first);
        Assert.Equal((tenant, created.Info.Id, "Agent", Scopes.MemoriesRead), (first.Tenant, first.KeyId, first.KeyName, first.Scopes));
        Assert.True(first.MayUse("default"));
        Assert.False(first.MayUse("Default"));
        Assert.Same(first, second);
    }

    [Fact]
    public async Task Refusals_are_told_apart_for_the_counter_only()
    {
        await using var host = new KeyTestHost(fixture);
        var tenant = await fixture.NewTenantAsync();
        var revoked = await host.Keys.CreateAsync(tenant, new NewKey("a", Scopes.All), CancellationToken.None);
        await host.Keys.RevokeAsync(tenant, revoked.Info.Id);
        var expired = await host.Keys.CreateAsync(tenant, new NewKey("b", Scopes.All, null, host.Clock.GetUtcNow().AddMinutes(1)), CancellationToken.None);
        host.Clock.Advance(TimeSpan.FromMinutes(2));

        Assert.Equal(KeyFailure.Missing, await host.FailureAsync(""));
        Assert.Equal(KeyFailure.Malformed, await host.FailureAsync(revoked.Key[..^1] + "!"));
        Assert.Equal(KeyFailure.Unknown, await host.FailureAsync(ApiKeyFormat.Generate()));
        Assert.Equal(KeyFailure.Revoked, await host.FailureAsync(revoked.Key));
        Assert.Equal(KeyFailure.Expired, await host.FailureAsync(expired.Key));
        Assert.Equal(["missing", "malformed", "unknown", "revoked", "expired"], host.Refusals);
    }

    [Fact]
    public async Task A_cached_key_stops_at_its_expiry_to_the_moment()
    {
        await using var host = new KeyTestHost(fixture);
        var tenant = await fixture.NewTenantAsync();
        var key = await host.Keys.CreateAsync(tenant, new NewKey("a", Scopes.All, null, host.Clock.GetUtcNow().AddSeconds(20)), CancellationToken.None);
        Assert.Equal(KeyFailure.None, await host.FailureAsync(key.Key));

        host.Clock.Advance(TimeSpan.FromSeconds(21));

        Assert.Equal(KeyFailure.Expired, await host.FailureAsync(key.Key));
    }

    [Fact]
    public async Task A_revocation_nobody_told_of_is_bounded_by_the_caches_time()
    {
        await using var here = new KeyTestHost(fixture);
        await using var elsewhere = new KeyTestHost(fixture);
        var tenant = await fixture.NewTenantAsync();
        var key = await here.Keys.CreateAsync(tenant, new NewKey("a", Scopes.All), CancellationToken.None);
        Assert.Equal(KeyFailure.None, await elsewhere.FailureAsync(key.Key));

        // No listener runs in either host.
        await here.Keys.RevokeAsync(tenant, key.Info.Id);
        Assert.Equal(KeyFailure.None, await elsewhere.FailureAsync(key.Key));
        elsewhere.Clock.Advance(TimeSpan.FromSeconds(31));

        Assert.Equal(KeyFailure.Revoked, await elsewhere.FailureAsync(key.Key));
    }

    [Fact]
    public async Task A_listener_forgets_what_another_process_revoked_and_survives_losing_its_connection()
    {
        await using var here = new KeyTestHost(fixture);
        await using var elsewhere = new KeyTestHost(fixture, background: true, ("Engram:Keys:CacheSeconds", "300"));
        for (var round = 0; round < 2; round++)
        {
            var tenant = await fixture.NewTenantAsync();
            var key = await here.Keys.CreateAsync(tenant, new NewKey("a", Scopes.All), CancellationToken.None);
            Assert.Equal(KeyFailure.None, await elsewhere.FailureAsync(key.Key));
            await here.Keys.RevokeAsync(tenant, key.Info.Id);
            await KeyTestHost.UntilAsync(async () => await elsewhere.FailureAsync(key.Key) == KeyFailure.Revoked, "The revocation was not heard.");

            await fixture.Database.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'listen engram_keys%'");
        }
    }

    [Fact]
    public async Task A_row_read_before_an_invalidation_is_not_cached_after_it()
    {
        await using var host = new KeyTestHost(fixture);
        var tenant = await fixture.NewTenantAsync();
        var key = await host.Keys.CreateAsync(tenant, new NewKey("a", Scopes.All), CancellationToken.None);
        var (principal, _) = await host.Authenticator.AuthenticateAsync(key.Key);
        var digest = KeyDigest.From(host.Hash(key.Key));
        host.Cache.Clear();
        var generation = host.Cache.Generation;

        host.Cache.Invalidate(key.Info.Id);
        host.Cache.Add(digest, principal!, null, generation, host.Clock.GetUtcNow());

        Assert.Null(host.Cache.Find(digest, host.Clock.GetUtcNow()));
    }

    [Fact]
    public async Task The_cache_stays_within_its_bound()
    {
        await using var host = new KeyTestHost(fixture, background: false, ("Engram:Keys:CacheEntries", "100"));
        var principal = new Principal(await fixture.NewTenantAsync(), "t", Guid.NewGuid(), "k", "p", Scopes.All, null, null);
        var digests = Enumerable.Range(0, 1_000).Select(i => KeyDigest.From(host.Hash(i.ToString(System.Globalization.CultureInfo.InvariantCulture)))).ToArray();
        var now = host.Clock.GetUtcNow();
        foreach (var digest in digests)
        {
            host.Cache.Add(digest, principal, null, host.Cache.Generation, now);
            host.Cache.Refuse(digest, KeyFailure.Unknown, now);
        }

        Assert.InRange(digests.Count(digest => host.Cache.Find(digest, now) is not null), 50, 100);
        Assert.InRange(digests.Count(digest => host.Cache.FindRefusal(digest, now) != KeyFailure.None), 50, 100);
    }

    [Fact]
    public async Task The_last_use_is_written_in_batches_and_at_the_stop()
    {
        var host = new KeyTestHost(fixture, background: true, ("Engram:Keys:LastUsedSeconds", "300"));
        var tenant = await fixture.NewTenantAsync();
        var keys = new List<CreatedKey>();
        for (var i = 0; i < 3; i++)
            keys.Add(await host.Keys.CreateAsync(tenant, new NewKey("a", Scopes.All), CancellationToken.None));
        foreach (var key in keys.Take(2).SelectMany(key => Enumerable.Repeat(key, 50)))
            await host.FailureAsync(key.Key);
        Assert.All(await host.Keys.ListAsync(tenant), key => Assert.Null(key.LastUsedAt));

        await host.StopAsync();

        var written = (await host.Keys.ListAsync(tenant)).ToDictionary(key => key.Id, key => key.LastUsedAt);
        Assert.NotNull(written[keys[0].Info.Id]);
        Assert.NotNull(written[keys[1].Info.Id]);
        Assert.Null(written[keys[2].Info.Id]);
        await host.DisposeAsync();
    }

    [Fact]
    public async Task A_use_after_a_flush_is_written_by_the_next_one()
    {
        await using var host = new KeyTestHost(fixture);
        var tenant = await fixture.NewTenantAsync();
        var key = await host.Keys.CreateAsync(tenant, new NewKey("a", Scopes.All), CancellationToken.None);
        await host.FailureAsync(key.Key);
        await host.LastUsed.FlushAsync(CancellationToken.None);
        var first = (await host.Keys.ListAsync(tenant))[0].LastUsedAt;
        host.Clock.Advance(TimeSpan.FromSeconds(5));
        await host.FailureAsync(key.Key);
        await host.LastUsed.FlushAsync(CancellationToken.None);
        var second = (await host.Keys.ListAsync(tenant))[0].LastUsedAt;

        Assert.True(second - first >= TimeSpan.FromSeconds(4), $"{first:O} {second:O}");
    }

    [Fact]
    public async Task An_authenticated_cached_request_allocates_nothing()
    {
        await using var host = new KeyTestHost(fixture);
        var key = await host.Keys.CreateAsync(await fixture.NewTenantAsync(), new NewKey("a", Scopes.All), CancellationToken.None);
        await host.FailureAsync(key.Key);
        for (var i = 0; i < 1_000; i++)
            Authenticate(host, key.Key);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
            Authenticate(host, key.Key);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.True(allocated < 1_000, $"{allocated} bytes in 1,000 authentications");
    }

    private static void Authenticate(KeyTestHost host, string key)
    {
        var task = host.Authenticator.AuthenticateAsync(key);
        if (!task.IsCompletedSuccessfully || task.Result.Principal is null)
            Assert.Fail("The key is not cached.");
    }
}
