using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Extraction;
using Engram.Engine.Latency;
using Engram.Engine.Memories;
using Engram.Tests.Shared;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

[assembly: AssemblyFixture(typeof(Engram.Engine.PostgresTests.EngineFixture))]

namespace Engram.Engine.PostgresTests;

/// <summary>One database and one engine for all tests of the assembly: they keep apart by tenant, as the product does.</summary>
public sealed class EngineFixture : IAsyncLifetime
{
    private ServiceProvider? _services;

    public MigratedDatabase Database { get; private set; } = null!;

    public TenantDb TenantDb => Get<TenantDb>();

    public BucketStore Buckets => Get<BucketStore>();

    public MemoryStore Memories => Get<MemoryStore>();

    public MemoryReader Reader => Get<MemoryReader>();

    public MemoryEditor Editor => Get<MemoryEditor>();

    public MemoryRemoval Removal => Get<MemoryRemoval>();

    public Recall.Recall Recall => Get<Recall.Recall>();

    public JobQueue Jobs => Get<JobQueue>();

    public TripleStore Triples => Get<TripleStore>();

    public static OpTimer Timer => new(Guid.CreateVersion7());

    public T Get<T>()
        where T : notnull => _services!.GetRequiredService<T>();

    public Task<Tenant> NewTenantAsync() => Database.CreateTenantAsync();

    public Task<Receipt> StoreAsync(Tenant tenant, string content, string bucket = "default", DedupPolicy dedup = DedupPolicy.Strict) =>
        Memories.StoreAsync(tenant, bucket, new NewMemory { Content = content, Dedup = dedup }, new StoreOptions(), Timer);

    public async Task<IReadOnlyList<string>> QueryAsync(Tenant tenant, string query, string bucket = "default") =>
        [.. (await Recall.QueryAsync(tenant, new Engine.Recall.RecallRequest { Query = query, Buckets = [new(bucket)] }, Timer)).Hits.Select(h => h.Memory.Content)];

    public async ValueTask InitializeAsync()
    {
        Database = await MigratedDatabase.CreateAsync("engine");
        _services = Services(Database.App, Database.System);
    }

    public static ServiceProvider Services(string app, string system, params (string Key, string Value)[] settings) =>
        Services(app, system, TimeProvider.System, settings);

    public static ServiceProvider Services(string app, string system, TimeProvider clock, params (string Key, string Value)[] settings)
    {
        var services = new ServiceCollection();
        services.AddSingleton(clock);
        // The arms of a recall are given their longest budget: a stall must not leave one out.
        Dictionary<string, string?> values = new() { ["Engram:Vault:MasterKeys:1"] = MigratedDatabase.VaultKey, ["Engram:Recall:ArmBudgetMs"] = "30000" };
        foreach (var (key, value) in settings)
            values[key] = value;
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(values).Build());
        services.AddLogging();
        services.AddKeyedSingleton(TenantDb.ConnectionName, (_, _) => NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(app) { NoResetOnClose = true }));
        services.AddKeyedSingleton(SystemDb.ConnectionName, (_, _) => NpgsqlDataSource.Create(system));
        services.AddEngramEngine().AddEngramLatency();
        return services.BuildServiceProvider();
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
            await _services.DisposeAsync();
    }
}
