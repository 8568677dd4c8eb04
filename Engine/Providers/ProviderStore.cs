using System.Text.Json.Nodes;
using Engram.Engine.Audit;
using Engram.Engine.Database;
using Engram.Engine.Embeddings;
using Engram.Engine.Providers.Vault;
using Npgsql;

namespace Engram.Engine.Providers;

/// <summary>
/// A tenant's connections to providers and the models of its roles. Keys are sealed before they reach the database and are never given back;
/// every change is written to the audit in the same transaction.
/// </summary>
public sealed class ProviderStore
{
    /// <summary>The most connections a tenant may have.</summary>
    public const int MaxConnections = 100;

    private readonly TenantDb _db;
    private readonly KeyVault _vault;
    private readonly DataKeys _dataKeys;
    private readonly ModelCache _cache;
    private readonly Breakers _breakers;
    private readonly TimeProvider _time;

    internal ProviderStore(TenantDb db, KeyVault vault, DataKeys dataKeys, ModelCache cache, Breakers breakers, TimeProvider time) =>
        (_db, _vault, _dataKeys, _cache, _breakers, _time) = (db, vault, dataKeys, cache, breakers, time);

    /// <summary>Every connection of the tenant, oldest first, and the model of each role that has one.</summary>
    public async Task<(IReadOnlyList<StoredConnection> Connections, IReadOnlyList<RoleModel> Roles)> ListAsync(
        Tenant tenant, CancellationToken cancellationToken = default)
    {
        await using var batch = _db.Batch(tenant).Add(ProviderRows.SelectAll, Sql.Uuid(tenant.Id)).Add(ProviderRows.SelectRoles, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var connections = await ReadAllAsync(reader, ProviderRows.Read, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var roles = await ReadAllAsync(reader, ProviderRows.ReadRole, cancellationToken);
        return ([.. connections.Select(connection => WithRoles(connection, roles))], roles);
    }

    /// <summary>One connection, or null if the tenant has no such one.</summary>
    public async Task<StoredConnection?> FindAsync(Tenant tenant, Guid id, CancellationToken cancellationToken = default)
    {
        await using var batch = _db.Batch(tenant)
            .Add(ProviderRows.SelectOne, Sql.Uuid(tenant.Id), Sql.Uuid(id))
            .Add(ProviderRows.SelectRoles, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var found = await ReadAllAsync(reader, ProviderRows.Read, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var roles = await ReadAllAsync(reader, ProviderRows.ReadRole, cancellationToken);
        return found is [var connection] ? WithRoles(connection, roles) : null;
    }

    /// <summary>Makes a connection.</summary>
    /// <exception cref="EngramException">There are <see cref="MaxConnections"/> already (<see cref="FailureKind.Conflict"/>).</exception>
    /// <exception cref="VaultException">The tenant's data key does not open.</exception>
    public async Task<StoredConnection> CreateAsync(Actor actor, NewConnection wanted, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentNullException.ThrowIfNull(wanted);
        var tenant = actor.Tenant;
        var now = _time.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        await using var transaction = await _db.BeginAsync(tenant, cancellationToken);
        using var key = await _dataKeys.ForSealingAsync(transaction, tenant, cancellationToken);
        await using (var count = transaction.Batch().Add(ProviderRows.Count, Sql.Uuid(tenant.Id)))
        await using (var reader = await count.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            if (reader.GetInt64(0) >= MaxConnections)
                throw new EngramException(FailureKind.Conflict, $"There are {MaxConnections} connections already; delete one first.", "provider");
        }

        var prices = PriceOverrides.ToJson(wanted.Prices);
        await using var batch = transaction.Batch().Add(
            ProviderRows.Insert,
            Sql.Uuid(tenant.Id),
            Sql.Uuid(id),
            Sql.Text(wanted.Provider),
            Sql.Text(wanted.Label),
            Sql.NullableText(wanted.BaseUrl),
            Sql.Int(key.Version),
            Sql.Bytes(KeyVault.Seal(key, tenant, id, wanted.Provider, wanted.Key.Reveal())),
            Sql.Text(wanted.Key.LastFour()),
            Sql.NullableJson(prices?.ToJsonString()),
            Sql.Time(now));
        var after = Describe(wanted.Provider, wanted.Label, wanted.BaseUrl, wanted.Key.LastFour());
        after["prices"] = prices;
        batch.AddAudit(actor, _time, "provider.create", Target(id), after: after).AddNotify(tenant);
        return (await CommitAsync(transaction, batch, tenant, cancellationToken))!;
    }

    /// <summary>Replaces a connection's key. Calls under way end with the old one, the next ones take the new one.</summary>
    /// <returns>The connection, or null if the tenant has no such one.</returns>
    /// <exception cref="VaultException">The tenant's data key does not open.</exception>
    public async Task<StoredConnection?> RotateAsync(Actor actor, Guid id, ProviderSecret newKey, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentNullException.ThrowIfNull(newKey);
        var tenant = actor.Tenant;
        await using var transaction = await _db.BeginAsync(tenant, cancellationToken);
        using var key = await _dataKeys.ForSealingAsync(transaction, tenant, cancellationToken);
        if (await LockAsync(transaction, tenant, id, cancellationToken) is not { } old)
            return null;
        await using var batch = transaction.Batch().Add(
            ProviderRows.Rotate,
            Sql.Uuid(tenant.Id),
            Sql.Uuid(id),
            Sql.Int(key.Version),
            Sql.Bytes(KeyVault.Seal(key, tenant, id, old.Provider, newKey.Reveal())),
            Sql.Text(newKey.LastFour()),
            Sql.Time(_time.GetUtcNow()));
        batch.AddAudit(
            actor, _time, "provider.rotate", Target(id), new JsonObject { ["last_four"] = old.LastFour }, new JsonObject { ["last_four"] = newKey.LastFour() });
        batch.Add(EmbeddingRuns.Wake, Sql.Uuid(tenant.Id), Sql.Time(_time.GetUtcNow()));
        var rotated = await CommitAsync(transaction, batch.AddNotify(tenant), tenant, cancellationToken);
        _breakers.Reset(tenant, id);
        return rotated;
    }

    /// <summary>Changes a connection's label and its own prices.</summary>
    /// <param name="actor">Who.</param>
    /// <param name="id">The connection.</param>
    /// <param name="label">The new label, or null to keep it.</param>
    /// <param name="prices">The new prices, empty for the price table's, or null to keep them.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <returns>The connection, or null if the tenant has no such one.</returns>
    public async Task<StoredConnection?> UpdateAsync(
        Actor actor, Guid id, string? label, IReadOnlyDictionary<string, ModelPrice>? prices, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        var tenant = actor.Tenant;
        await using var transaction = await _db.BeginAsync(tenant, cancellationToken);
        if (await LockAsync(transaction, tenant, id, cancellationToken) is not { } old)
            return null;
        var newPrices = PriceOverrides.ToJson(prices switch { null => old.Prices, { Count: 0 } => null, _ => prices });
        await using var batch = transaction.Batch().Add(
            ProviderRows.Update, Sql.Uuid(tenant.Id), Sql.Uuid(id), Sql.Text(label ?? old.Label), Sql.NullableJson(newPrices?.ToJsonString()));
        batch.AddAudit(
            actor,
            _time,
            "provider.update",
            Target(id),
            new JsonObject { ["label"] = old.Label, ["prices"] = PriceOverrides.ToJson(old.Prices) },
            new JsonObject { ["label"] = label ?? old.Label, ["prices"] = newPrices });
        return await CommitAsync(transaction, batch.AddNotify(tenant), tenant, cancellationToken);
    }

    /// <summary>Deletes a connection with its key. Roles it serves go back to the offline way.</summary>
    /// <returns>False if the tenant has no such one.</returns>
    public async Task<bool> DeleteAsync(Actor actor, Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        var tenant = actor.Tenant;
        await using var transaction = await _db.BeginAsync(tenant, cancellationToken);
        if (await LockAsync(transaction, tenant, id, cancellationToken) is not { } old)
            return false;
        var before = Describe(old.Provider, old.Label, old.BaseUrl, old.LastFour);
        before["roles"] = new JsonArray([.. old.Roles.Select(role => JsonValue.Create(ModelRoleNames.Of(role)))]);
        await using var batch = transaction.Batch().Add(ProviderRows.Delete, Sql.Uuid(tenant.Id), Sql.Uuid(id));
        batch.AddAudit(actor, _time, "provider.delete", Target(id), before).AddNotify(tenant);
        await batch.ExecuteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        _cache.Invalidate(tenant);
        return true;
    }

    /// <summary>Sets the model of a role.</summary>
    /// <param name="actor">Who.</param>
    /// <param name="role">What for.</param>
    /// <param name="connectionId">Over which connection.</param>
    /// <param name="model">As the provider names it.</param>
    /// <param name="vectors">What its vectors are (<see cref="EmbeddingProbe"/> finds out): for <see cref="ModelRole.Embed"/>, and for no other.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <returns>The role, or null if the tenant has no such connection.</returns>
    public async Task<RoleModel?> SetRoleAsync(
        Actor actor, ModelRole role, Guid connectionId, string model, VectorSpace? vectors = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        if (role == ModelRole.Embed != (vectors is not null))
            throw new ArgumentException("Vectors belong to the role embed, and to it only.", nameof(vectors));
        var tenant = actor.Tenant;
        var now = _time.GetUtcNow();
        await using var transaction = await _db.BeginAsync(tenant, cancellationToken);
        if (await LockAsync(transaction, tenant, connectionId, cancellationToken) is null)
            return null;
        var old = await FindRoleAsync(transaction, tenant, role, cancellationToken);
        await using var batch = transaction.Batch().Add(
            ProviderRows.SetRole, Sql.Uuid(tenant.Id), Sql.Text(ModelRoleNames.Of(role)), Sql.Uuid(connectionId), Sql.Text(model), Sql.Time(now),
            Sql.NullableText(vectors?.Id), Sql.NullableInt(vectors?.Dimensions));
        if (vectors is not null)
        {
            batch.Add(EmbeddingRuns.Begin, Sql.Uuid(tenant.Id), Sql.Text(vectors.Id), Sql.Time(now))
                .Add(EmbeddingRuns.Forgive, Sql.Uuid(tenant.Id), Sql.Text(vectors.Id));
        }

        var set = new RoleModel(role, connectionId, model, now) { Vectors = vectors };
        batch.AddAudit(actor, _time, "model.set", Target(role), old is null ? null : Describe(old), Describe(set)).AddNotify(tenant);
        await batch.ExecuteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        _cache.Invalidate(tenant);
        return set;
    }

    /// <summary>Takes the model of a role away: it goes back to the offline way.</summary>
    /// <returns>False if none was set.</returns>
    public async Task<bool> ClearRoleAsync(Actor actor, ModelRole role, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        var tenant = actor.Tenant;
        await using var transaction = await _db.BeginAsync(tenant, cancellationToken);
        if (await FindRoleAsync(transaction, tenant, role, cancellationToken) is not { } old)
            return false;
        await using var batch = transaction.Batch().Add(ProviderRows.ClearRole, Sql.Uuid(tenant.Id), Sql.Text(ModelRoleNames.Of(role)));
        batch.AddAudit(actor, _time, "model.clear", Target(role), Describe(old)).AddNotify(tenant);
        await batch.ExecuteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        _cache.Invalidate(tenant);
        return true;
    }

    /// <summary>A connection with its key in the open, to call the provider now; null if the tenant has no such one.</summary>
    /// <exception cref="VaultException">The key does not open.</exception>
    public async Task<ProviderConnection?> OpenAsync(Tenant tenant, Guid id, CancellationToken cancellationToken = default)
    {
        await using var batch = _db.Batch(tenant).Add(ProviderRows.SelectSealed, Sql.Uuid(tenant.Id), Sql.Uuid(id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Open(tenant, reader) : null;
    }

    /// <summary>Opens the connection of a row of <see cref="ProviderRows.SealedColumns"/>.</summary>
    internal ProviderConnection Open(Tenant tenant, NpgsqlDataReader reader)
    {
        var (id, provider) = (reader.GetGuid(0), reader.GetString(1));
        var entry = ProviderCatalogue.Find(provider) ?? throw new VaultException($"Connection {id} of tenant {tenant.Id} is to a provider that is in the catalogue no more.");
        var address = reader.IsDBNull(2) ? entry.BaseUrl : new Uri(reader.GetString(2));
        using var key = _vault.Unwrap(tenant, DataKeys.Read(reader, 5));
        var secret = new ProviderSecret(KeyVault.Open(key, tenant, id, provider, reader.GetFieldValue<byte[]>(4)));
        return new ProviderConnection(
            id, entry, address ?? throw new VaultException($"Connection {id} of tenant {tenant.Id} has no address."), secret)
        {
            Prices = PriceOverrides.Read(reader.IsDBNull(3) ? null : reader.GetString(3)),
        };
    }

    private static string Target(Guid connectionId) => $"provider:{connectionId}";

    private static string Target(ModelRole role) => $"model:{ModelRoleNames.Of(role)}";

    private static JsonObject Describe(RoleModel role) => new() { ["connection_id"] = role.ConnectionId.ToString(), ["model"] = role.Model };

    private static JsonObject Describe(string provider, string label, string? baseUrl, string lastFour) => new()
    {
        ["provider"] = provider,
        ["label"] = label,
        ["base_url"] = baseUrl,
        ["last_four"] = lastFour,
    };

    private static StoredConnection WithRoles(StoredConnection connection, IReadOnlyList<RoleModel> roles) =>
        connection with { Roles = [.. roles.Where(role => role.ConnectionId == connection.Id).Select(role => role.Role)] };

    private static async Task<List<TRow>> ReadAllAsync<TRow>(NpgsqlDataReader reader, Func<NpgsqlDataReader, TRow> read, CancellationToken cancellationToken)
    {
        var rows = new List<TRow>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(read(reader));
        return rows;
    }

    private static async Task<StoredConnection?> LockAsync(TenantTransaction transaction, Tenant tenant, Guid id, CancellationToken cancellationToken)
    {
        await using var batch = transaction.Batch()
            .Add(ProviderRows.SelectOne + " for update", Sql.Uuid(tenant.Id), Sql.Uuid(id))
            .Add(ProviderRows.SelectRoles, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var found = await ReadAllAsync(reader, ProviderRows.Read, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        return found is [var connection] ? WithRoles(connection, await ReadAllAsync(reader, ProviderRows.ReadRole, cancellationToken)) : null;
    }

    private static async Task<RoleModel?> FindRoleAsync(TenantTransaction transaction, Tenant tenant, ModelRole role, CancellationToken cancellationToken)
    {
        await using var batch = transaction.Batch().Add(ProviderRows.SelectRoles, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return (await ReadAllAsync(reader, ProviderRows.ReadRole, cancellationToken)).Find(row => row.Role == role);
    }

    private async Task<StoredConnection?> CommitAsync(TenantTransaction transaction, TenantBatch batch, Tenant tenant, CancellationToken cancellationToken)
    {
        StoredConnection changed;
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            changed = ProviderRows.Read(reader);
        }

        await transaction.CommitAsync(cancellationToken);
        _cache.Invalidate(tenant);
        return await FindAsync(tenant, changed.Id, cancellationToken);
    }
}
