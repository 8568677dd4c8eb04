using Engram.Engine.Database;
using Engram.Engine.Providers;
using Engram.Engine.Providers.Vault;
using Engram.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Engine.PostgresTests.Providers;

/// <summary>On databases of their own: rotation goes over every tenant.</summary>
public sealed class KeyRotationTests
{
    private static readonly (string, string) Second = ("Engram:Vault:MasterKeys:2", KeyVaultTests.Key(77));

    [Fact]
    public async Task Rewrapping_brings_every_data_key_under_the_current_master_key_and_the_old_one_is_needed_no_more()
    {
        var database = await MigratedDatabase.CreateAsync("rotation");
        await using var before = EngineFixture.Services(database.App, database.System);
        var made = await MakeAsync(before, database, KeyRotation.BatchSize + 3);
        await using var both = EngineFixture.Services(database.App, database.System, Second);
        var told = new List<RotationProgress>();

        var (rewrapped, failures) = await both.GetRequiredService<KeyRotation>().RewrapAsync(new Told(told));

        Assert.Empty(failures);
        Assert.Equal(made.Count, rewrapped);
        Assert.Equal([KeyRotation.BatchSize, made.Count], told.Select(progress => progress.Done));
        var vault = KeyVaultTests.Vault(("2", KeyVaultTests.Key(77)));
        var store = new ProviderStore(both.GetRequiredService<TenantDb>(), vault, new DataKeys(vault), new ModelCache(TimeProvider.System), both.GetRequiredService<Breakers>(), TimeProvider.System);
        foreach (var (tenant, id, key) in made)
            Assert.Equal(key, (await store.OpenAsync(tenant, id))!.Key.Reveal());
        Assert.Equal(0, (await both.GetRequiredService<KeyRotation>().RewrapAsync()).Rewrapped);
    }

    [Fact]
    public async Task Without_the_old_master_key_nothing_is_lost_and_the_missing_version_is_named()
    {
        var database = await MigratedDatabase.CreateAsync("rotation");
        await using var services = EngineFixture.Services(database.App, database.System);
        var made = await MakeAsync(services, database, 2);
        var rotation = new KeyRotation(services.GetRequiredService<SystemDb>(), KeyVaultTests.Vault(("2", KeyVaultTests.Key(77))));

        var (rewrapped, failures) = await rotation.RewrapAsync();

        Assert.Equal(0, rewrapped);
        Assert.Contains("Engram:Vault:MasterKeys:1", Assert.Single(failures), StringComparison.Ordinal);
        foreach (var (tenant, id, key) in made)
            Assert.Equal(key, (await services.GetRequiredService<ProviderStore>().OpenAsync(tenant, id))!.Key.Reveal());
    }

    [Fact]
    public async Task Renewing_data_keys_seals_every_key_anew_and_leaves_no_old_data_key()
    {
        var database = await MigratedDatabase.CreateAsync("rotation");
        await using var services = EngineFixture.Services(database.App, database.System);
        var made = await MakeAsync(services, database, 3);
        var sealedBefore = await SealedAsync(database);
        var start = DateTimeOffset.UtcNow;

        var (tenants, failures) = await services.GetRequiredService<KeyRotation>().RenewDataKeysAsync(start);

        Assert.Empty(failures);
        Assert.Equal(3, tenants);
        Assert.Empty(sealedBefore.Intersect(await SealedAsync(database)));
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from engram.tenant_data_keys where version < 2"));
        foreach (var (tenant, id, key) in made)
            Assert.Equal(key, (await services.GetRequiredService<ProviderStore>().OpenAsync(tenant, id))!.Key.Reveal());
        Assert.Equal(0, (await services.GetRequiredService<KeyRotation>().RenewDataKeysAsync(start)).Tenants);
    }

    [Fact]
    public async Task While_every_key_is_rotated_no_host_ever_fails_to_open_one()
    {
        var database = await MigratedDatabase.CreateAsync("rotation");
        await using var host = EngineFixture.Services(database.App, database.System);
        var made = await MakeAsync(host, database, 5);
        await using var both = EngineFixture.Services(database.App, database.System, Second);
        var store = both.GetRequiredService<ProviderStore>();
        var rotation = both.GetRequiredService<KeyRotation>();
        using var stop = new CancellationTokenSource();

        // Readers open, one writer rotates provider keys and one makes new connections, while master and data keys are rotated again and again.
        var opened = 0;
        var readers = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                foreach (var (tenant, id, _) in made)
                {
                    Assert.StartsWith("sk-", (await store.OpenAsync(tenant, id))!.Key.Reveal(), StringComparison.Ordinal);
                    Interlocked.Increment(ref opened);
                }
            }
        })).ToArray();
        var writer = Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var (tenant, id, _) = made[i % made.Count];
                await store.RotateAsync(ProviderStoreTests.ActorOf(tenant), id, new ProviderSecret($"sk-rotated-{i:D12}"));
                if (i < 40)
                    await store.CreateAsync(ProviderStoreTests.ActorOf(tenant), ProviderStoreTests.Wanted($"sk-new-{i:D12}"));
            }
        });
        // A reader that ended has failed, and is told below.
        for (var i = 0; i < 15 || (Volatile.Read(ref opened) <= 100 && !readers.Any(reader => reader.IsCompleted)); i++)
        {
            var (_, rewrapFailures) = await rotation.RewrapAsync();
            var (tenants, failures) = await rotation.RenewDataKeysAsync(DateTimeOffset.UtcNow.AddSeconds(1));
            Assert.Empty(rewrapFailures);
            Assert.Empty(failures);
            Assert.Equal(made.Count, tenants);
        }

        await stop.CancelAsync();
        await Task.WhenAll([.. readers, writer]);
        Assert.True(opened > 100, $"only {opened} keys were opened meanwhile");
    }

    private static async Task<string[]> SealedAsync(MigratedDatabase database) =>
        await database.ScalarAsync<string[]>("select array_agg(encode(sealed_key, 'hex')) from engram.provider_connections");

    private static async Task<List<(Tenant Tenant, Guid Id, string Key)>> MakeAsync(IServiceProvider services, MigratedDatabase database, int tenants)
    {
        var made = new List<(Tenant, Guid, string)>();
        for (var i = 0; i < tenants; i++)
        {
            var tenant = await database.CreateTenantAsync();
            var key = $"sk-of-tenant-{i:D8}";
            made.Add((tenant, (await services.GetRequiredService<ProviderStore>().CreateAsync(ProviderStoreTests.ActorOf(tenant), ProviderStoreTests.Wanted(key))).Id, key));
        }

        return made;
    }

    /// <summary>At once, unlike Progress of the framework.</summary>
    private sealed class Told(List<RotationProgress> told) : IProgress<RotationProgress>
    {
        public void Report(RotationProgress value) => told.Add(value);
    }
}
