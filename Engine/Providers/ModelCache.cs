using System.Collections.Concurrent;

namespace Engram.Engine.Providers;

/// <summary>One role's model, ready for use or with the reason why it is not.</summary>
/// <param name="Connection">With the key in the open, or null where it does not open.</param>
/// <param name="Model">As the provider names it.</param>
internal sealed record ReadyModel(ProviderConnection? Connection, string Model)
{
    /// <summary>Of the role <see cref="ModelRole.Embed"/>: what its vectors are; otherwise null.</summary>
    public VectorSpace? Vectors { get; init; }
}

/// <summary>What a tenant set for its models, and what may be spent on them.</summary>
internal sealed record TenantSettings(IReadOnlyDictionary<ModelRole, ReadyModel> Models, IReadOnlyList<Budget> Budgets);

/// <summary>
/// Tenants' settings used lately, for half a minute at most, with the decrypted keys: they are in memory anyway while a call runs. Forgotten at
/// once when they change here, and as soon as it is heard when they change in another process.
/// </summary>
internal sealed class ModelCache(TimeProvider time)
{
    /// <summary>Channel on which other processes tell of changes; the payload is the tenant's id.</summary>
    public const string Channel = "engram_providers";

    private const int Capacity = 10_000;

    private static readonly TimeSpan KeptFor = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<Tenant, Entry> _entries = new();
    private long _generation;

    /// <summary>Taken before the database is asked and handed in with the answer: an answer older than a change is not kept.</summary>
    public long Generation => Volatile.Read(ref _generation);

    public TenantSettings? Find(Tenant tenant) =>
        _entries.TryGetValue(tenant, out var entry) && time.GetUtcNow() < entry.ValidUntil ? entry.Settings : null;

    public void Add(Tenant tenant, TenantSettings settings, long generation)
    {
        if (generation != Generation)
            return;

        // Which ones go does not matter: each costs one lookup when it returns. Count takes every lock, but only after a lookup.
        if (_entries.Count >= Capacity)
            _entries.Clear();
        _entries[tenant] = new Entry(settings, time.GetUtcNow() + KeptFor);
        if (generation != Generation)
            _entries.TryRemove(tenant, out _);
    }

    public void Invalidate(Tenant tenant)
    {
        Interlocked.Increment(ref _generation);
        _entries.TryRemove(tenant, out _);
    }

    public void Hear(string payload)
    {
        if (Guid.TryParse(payload, out var tenant))
            Invalidate(new Tenant(tenant));
        else
            Clear();
    }

    public void Clear()
    {
        Interlocked.Increment(ref _generation);
        _entries.Clear();
    }

    private sealed record Entry(TenantSettings Settings, DateTimeOffset ValidUntil);
}
