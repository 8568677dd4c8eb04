using Engram.Engine.Audit;
using Engram.Engine.Embeddings;
using Engram.Engine.PostgresTests.Providers;
using Engram.Engine.Providers;
using Engram.Engine.Recall;
using Engram.FakeProvider;
using Engram.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Engine.PostgresTests.Embeddings;

/// <summary>A tenant with an embedding model of its own.</summary>
/// <param name="Actor">Its administrator.</param>
/// <param name="Connection">The connection to the fake provider.</param>
/// <param name="Key">The key there: its requests are found by it.</param>
/// <param name="Space">What its vectors are.</param>
public sealed record OwnTenant(Actor Actor, Guid Connection, string Key, VectorSpace Space)
{
    public Tenant Tenant => Actor.Tenant;
}

/// <summary>An engine that may reach a fake provider, over a database of its own: what a Worker does, it does for every tenant of a database.</summary>
public sealed class OwnModelFixture : IAsyncLifetime
{
    private ServiceProvider? _services;

    public MigratedDatabase Database { get; private set; } = null!;

    public FakeProviderHost Provider { get; private set; } = null!;

    public T Get<T>()
        where T : notnull => _services!.GetRequiredService<T>();

    public async ValueTask InitializeAsync()
    {
        Database = await MigratedDatabase.CreateAsync("own");
        Provider = await FakeProviderHost.StartAsync();
        _services = NewHost();
    }

    /// <summary>Another process, as far as the database and the provider can tell. It waits for the provider for as long as it may.</summary>
    public ServiceProvider NewHost(params (string Key, string Value)[] settings) => EngineFixture.Services(
        Database.App, Database.System,
        [
            ("Engram:Providers:AllowedHosts:0", Provider.Root.Authority), ("Engram:OwnModel:StoreSeconds", "30"), ("Engram:OwnModel:QuerySeconds", "30"),
            ("Engram:Providers:BreakerFaults", "100"), .. settings,
        ]);

    /// <summary>A tenant whose model is set as the route sets it: asked first.</summary>
    public async Task<OwnTenant> NewTenantAsync(string model = "fake-embed", Tenant? known = null)
    {
        var actor = ProviderStoreTests.ActorOf(known ?? await Database.CreateTenantAsync());
        var key = $"fake-{Guid.NewGuid():N}";
        var made = await Get<ProviderStore>().CreateAsync(
            actor, new NewConnection("openai-compatible", "fake", Provider.OpenAi.ToString(), new ProviderSecret(key)), TestContext.Current.CancellationToken);
        return new OwnTenant(actor, made.Id, key, await SetModelAsync(actor, made.Id, model));
    }

    public async Task<VectorSpace> SetModelAsync(Actor actor, Guid connection, string model)
    {
        var open = await Get<ProviderStore>().OpenAsync(actor.Tenant, connection, TestContext.Current.CancellationToken);
        var context = new LlmContext(actor.Tenant, Guid.CreateVersion7(), "set_model", ModelRole.Embed);
        var space = await Get<EmbeddingProbe>().AskAsync(open!, model, context, TestContext.Current.CancellationToken);
        await Get<ProviderStore>().SetRoleAsync(actor, ModelRole.Embed, connection, model, space, TestContext.Current.CancellationToken);
        return space;
    }

    /// <summary>From now on the provider refuses the tenant's key.</summary>
    public Task BreakAsync(OwnTenant tenant) => Get<ProviderStore>().RotateAsync(tenant.Actor, tenant.Connection, new ProviderSecret($"wrong-{tenant.Key}"));

    public Task MendAsync(OwnTenant tenant) => Get<ProviderStore>().RotateAsync(tenant.Actor, tenant.Connection, new ProviderSecret(tenant.Key));

    /// <summary>What a Worker does until it finds no more to do.</summary>
    public async Task CatchUpAsync(IServiceProvider? host = null, int crossover = VectorIndexes.Crossover)
    {
        var cancel = TestContext.Current.CancellationToken;
        var (buckets, runs) = ((host ?? _services!).GetRequiredService<BucketVectors>(), (host ?? _services!).GetRequiredService<EmbeddingRuns>());
        while (await buckets.MaintainAsync(crossover, cancel) > 0)
        {
        }

        while (await runs.TakeAsync(4, cancel) is { Count: > 0 } taken)
        {
            foreach (var run in taken)
                await runs.MakeAsync(run, cancel);
        }

        while (await buckets.MaintainAsync(crossover, cancel) > 0)
        {
        }
    }

    public Task<long> CountAsync(string table, Tenant tenant, string where = "true") =>
        Database.ScalarAsync<long>($"select count(*) from engram.{table} where tenant_id = '{tenant.Id}' and {where}");

    public Task<long> VectorsAsync(Tenant tenant, string model) => CountAsync("memory_vectors", tenant, $"model = '{model}'");

    /// <summary>Every writer of vectors must keep the counters right.</summary>
    public async Task AssertCountedAsync(Tenant tenant) => Assert.Equal(
        await CountAsync("memory_vectors", tenant),
        await Database.ScalarAsync<long>($"select coalesce(sum(vectors), 0)::bigint from engram.bucket_counters where tenant_id = '{tenant.Id}'"));

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
            await _services.DisposeAsync();
        await Provider.DisposeAsync();
    }
}
