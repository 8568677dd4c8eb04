using System.Text.Json.Nodes;
using Engram.Engine.Audit;
using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Keys;

/// <summary>A tenant's keys: make, list, roll, revoke.</summary>
public sealed class ApiKeys
{
    private const string Columns =
        "id, name, prefix, scopes, buckets, created_at, expires_at, revoked_at, last_used_at, bcrypt_hash is not null";

    private const string Insert = $"""
        insert into engram.api_keys (tenant_id, id, kind, name, prefix, hash, scopes, buckets, expires_at)
        values ($1, $2, 'api', $3, $4, $5, $6, $7, $8)
        returning {Columns}
        """;

    private const string SelectAll = $"""
        select {Columns} from engram.api_keys
        where tenant_id = $1 and kind = 'api'
        order by created_at desc, id desc
        limit 1000
        """;

    private const string SelectOne = $"select {Columns} from engram.api_keys where tenant_id = $1 and id = $2 and kind = 'api' for update";

    private const string RevokeOne = """
        update engram.api_keys set revoked_at = coalesce(revoked_at, now()) where tenant_id = $1 and id = $2 and kind = $3 returning id
        """;

    private const string ExpireAt = """
        update engram.api_keys set expires_at = least(expires_at, $3) where tenant_id = $1 and id = $2 returning id
        """;

    // NOTIFY takes an instance-wide lock at commit, so it is kept for what is rare and must be quick: this, not memories.
    private const string Notify = $"select pg_notify('{KeyCache.Channel}', $1)";

    private readonly TenantDb _db;
    private readonly KeyHasher _hasher;
    private readonly KeyCache _cache;
    private readonly TimeProvider _time;

    internal ApiKeys(TenantDb db, KeyHasher hasher, KeyCache cache, TimeProvider time) => (_db, _hasher, _cache, _time) = (db, hasher, cache, time);

    /// <summary>Makes a key.</summary>
    /// <param name="creator">Whoever asks: the new key cannot be allowed more.</param>
    /// <param name="wanted">What it shall be.</param>
    /// <param name="actor">Who is written down in the audit as having made it; null writes nothing down.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    /// <returns>The key, or <see cref="KeyChangeFailure.ExceedsCreator"/>.</returns>
    public async Task<(CreatedKey? Key, KeyChangeFailure Failure)> CreateAsync(
        Principal creator, NewKey wanted, Actor? actor = null, CancellationToken cancellationToken = default)
    {
        if (!IsWithin(creator, wanted.Scopes, wanted.Buckets))
            return (null, KeyChangeFailure.ExceedsCreator);
        return (await CreateAsync(creator.Tenant, wanted, actor, cancellationToken), KeyChangeFailure.None);
    }

    /// <summary>Every key of the tenant but portal sessions, newest first, revoked and expired ones included; at most 1,000.</summary>
    public async Task<IReadOnlyList<ApiKey>> ListAsync(Tenant tenant, CancellationToken cancellationToken = default)
    {
        await using var batch = _db.Batch(tenant).Add(SelectAll, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var keys = new List<ApiKey>();
        while (await reader.ReadAsync(cancellationToken))
            keys.Add(Read(reader));
        return keys;
    }

    /// <summary>
    /// Revokes a key. It stops working in this process at once, in others as soon as they hear of it, at the latest when their cached
    /// entry is over. Revoking it again changes nothing.
    /// </summary>
    /// <returns>False if the tenant has no such key.</returns>
    public Task<bool> RevokeAsync(Tenant tenant, Guid keyId, Actor? actor = null, CancellationToken cancellationToken = default) =>
        RevokeAsync(tenant, keyId, "api", actor, cancellationToken);

    /// <summary>Replaces a key by a new one with the same name, scopes, buckets and expiry.</summary>
    /// <param name="caller">Whoever asks: a key that may more than the caller cannot be rolled, since the caller learns the new one.</param>
    /// <param name="keyId">The key to replace.</param>
    /// <param name="grace">How long the old key goes on working; zero revokes it at once.</param>
    /// <param name="actor">Who is written down in the audit as having rolled it; null writes nothing down.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    public async Task<(CreatedKey? Key, KeyChangeFailure Failure)> RollAsync(
        Principal caller, Guid keyId, TimeSpan grace, Actor? actor = null, CancellationToken cancellationToken = default)
    {
        var tenant = caller.Tenant;
        var now = _time.GetUtcNow();
        await using var transaction = await _db.BeginAsync(tenant, cancellationToken);
        if (await FindAsync(transaction, tenant, keyId, cancellationToken) is not { } old)
            return (null, KeyChangeFailure.NotFound);
        if (old.RevokedAt is not null || old.ExpiresAt <= now)
            return (null, KeyChangeFailure.NotActive);
        if (!IsWithin(caller, old.Scopes, old.Buckets))
            return (null, KeyChangeFailure.ExceedsCreator);

        var key = ApiKeyFormat.Generate();
        await using var batch = transaction.Batch();
        var newId = AddInsert(batch, tenant, key, new NewKey(old.Name, old.Scopes, old.Buckets, old.ExpiresAt));
        if (grace > TimeSpan.Zero)
            batch.Add(ExpireAt, Sql.Uuid(tenant.Id), Sql.Uuid(keyId), Sql.Time(now + grace));
        else
            batch.Add(RevokeOne, Sql.Uuid(tenant.Id), Sql.Uuid(keyId), Sql.Text("api"));
        batch.Add(Notify, Sql.Text(keyId.ToString()));
        if (actor is not null)
        {
            var after = new JsonObject { ["id"] = newId.ToString(), ["prefix"] = ApiKeyFormat.DisplayPrefix(key), ["grace_seconds"] = grace.TotalSeconds };
            batch.AddAudit(actor, _time, "key.roll", $"key:{keyId}", new JsonObject { ["prefix"] = old.Prefix }, after);
        }

        ApiKey made;
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            made = Read(reader);
        }

        await transaction.CommitAsync(cancellationToken);
        _cache.Invalidate(keyId);
        return (new CreatedKey(key, made), KeyChangeFailure.None);
    }

    /// <summary>Makes a key with no one to ask, for the first key of a tenant.</summary>
    internal Task<CreatedKey> CreateAsync(Tenant tenant, NewKey wanted, CancellationToken cancellationToken) =>
        CreateAsync(tenant, wanted, actor: null, cancellationToken);

    private async Task<CreatedKey> CreateAsync(Tenant tenant, NewKey wanted, Actor? actor, CancellationToken cancellationToken)
    {
        var key = ApiKeyFormat.Generate();
        await using var batch = _db.Batch(tenant);
        var id = AddInsert(batch, tenant, key, wanted);
        if (actor is not null)
            batch.AddAudit(actor, _time, "key.create", $"key:{id}", after: Describe(wanted, ApiKeyFormat.DisplayPrefix(key)));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new CreatedKey(key, Read(reader));
    }

    internal async Task<bool> RevokeAsync(Tenant tenant, Guid keyId, string kind, Actor? actor, CancellationToken cancellationToken)
    {
        await using var transaction = await _db.BeginAsync(tenant, cancellationToken);
        await using (var revoke = transaction.Batch().Add(RevokeOne, Sql.Uuid(tenant.Id), Sql.Uuid(keyId), Sql.Text(kind)))
        await using (var reader = await revoke.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
                return false;
        }

        await using (var batch = transaction.Batch().Add(Notify, Sql.Text(keyId.ToString())))
        {
            if (actor is not null)
                batch.AddAudit(actor, _time, kind == "session" ? "session.revoke" : "key.revoke", $"{(kind == "session" ? kind : "key")}:{keyId}");
            await batch.ExecuteAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        _cache.Invalidate(keyId);
        return true;
    }

    private static bool IsWithin(Principal caller, Scopes scopes, string[]? buckets) =>
        caller.Has(scopes) && (caller.Buckets is null || (buckets is not null && buckets.All(caller.MayUse)));

    private static async Task<ApiKey?> FindAsync(TenantTransaction transaction, Tenant tenant, Guid keyId, CancellationToken cancellationToken)
    {
        await using var batch = transaction.Batch().Add(SelectOne, Sql.Uuid(tenant.Id), Sql.Uuid(keyId));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    private static JsonObject Describe(NewKey key, string prefix) => new()
    {
        ["name"] = key.Name,
        ["prefix"] = prefix,
        ["scopes"] = new JsonArray([.. ScopeNames.Of(key.Scopes).Select(scope => JsonValue.Create(scope))]),
        ["buckets"] = key.Buckets is null ? null : new JsonArray([.. key.Buckets.Select(bucket => JsonValue.Create(bucket))]),
        ["expires_at"] = key.ExpiresAt,
    };

    private Guid AddInsert(TenantBatch batch, Tenant tenant, string key, NewKey wanted)
    {
        var id = Guid.CreateVersion7(_time.GetUtcNow());
        batch.Add(
            Insert,
            Sql.Uuid(tenant.Id),
            Sql.Uuid(id),
            Sql.Text(wanted.Name),
            Sql.Text(ApiKeyFormat.DisplayPrefix(key)),
            Sql.Bytes(_hasher.Hash(key)),
            Sql.Texts(ScopeNames.Of(wanted.Scopes)),
            Sql.NullableTexts(wanted.Buckets),
            Sql.Time(wanted.ExpiresAt));
        return id;
    }

    private static ApiKey Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        reader.GetString(1),
        reader.GetString(2),
        ScopeNames.Known(reader.GetFieldValue<string[]>(3)),
        reader.IsDBNull(4) ? null : reader.GetFieldValue<string[]>(4),
        reader.GetFieldValue<DateTimeOffset>(5),
        Time(reader, 6),
        Time(reader, 7),
        Time(reader, 8),
        reader.GetBoolean(9));

    private static DateTimeOffset? Time(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<DateTimeOffset>(column);
}
