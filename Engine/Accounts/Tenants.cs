using System.Security.Cryptography;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Npgsql;

namespace Engram.Engine.Accounts;

/// <summary>A tenant as the operator sees it.</summary>
/// <param name="Id">Its id, a UUIDv7.</param>
/// <param name="Name">What it is called; not unique.</param>
/// <param name="Plan">Name of its plan.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record TenantInfo(Guid Id, string Name, string Plan, DateTimeOffset CreatedAt);

/// <summary>A tenant just made, with what lets its owner in. Both secrets are shown once and kept nowhere.</summary>
/// <param name="Info">The tenant.</param>
/// <param name="Key">A first API key with every scope.</param>
/// <param name="KeyId">Its id.</param>
/// <param name="SetupToken">Token of the portal's one-time link.</param>
public sealed record NewTenant(TenantInfo Info, string Key, Guid KeyId, string SetupToken);

/// <summary>Makes tenants and takes them back: the operator's work, which no tenant's key may do.</summary>
public sealed class Tenants
{
    /// <summary>Longest name, in characters.</summary>
    public const int MaxNameLength = 100;

    private const string Insert = """
        with tenant as (
            insert into engram.tenants (id, name, plan) values ($1, $2, $3) returning created_at
        ), bucket as (
            insert into engram.buckets (tenant_id, id, name, description) values ($1, $4, 'default', 'Where memories go that name no bucket.')
        ), key as (
            insert into engram.api_keys (tenant_id, id, name, prefix, hash, scopes) values ($1, $5, 'First key', $6, $7, $8)
        ), link as (
            insert into engram.setup_tokens (tenant_id, token_hash) values ($1, $9)
        )
        select created_at from tenant
        """;

    private const string Select = "select id, name, plan, created_at from engram.tenants where id <> $2 order by created_at desc, id desc limit $1";

    private const string SelectOne = "select id, name, plan, created_at from engram.tenants where id = $1";

    private const string DeletePeople = """
        delete from engram.portal_users u
        where exists (select from engram.memberships m where m.user_id = u.id and m.tenant_id = $1)
            and not exists (select from engram.memberships m where m.user_id = u.id and m.tenant_id <> $1)
        """;

    private const string Delete = "delete from engram.tenants where id = $1";

    // Tables without a cascading reference (postings, operations): found in the catalogue, so that a new one cannot be forgotten.
    private const string SelectUnreached = """
        select format('delete from engram.%I where tenant_id = $1', c.relname)
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
        where c.relnamespace = 'engram'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            and not exists (select from pg_constraint f where f.conrelid = c.oid and f.contype = 'f' and f.confdeltype = 'c')
        """;

    // A host that still writes for the tenant may hold what this waits for, and the other way round.
    private const int DeleteAttempts = 5;

    private const string Notify = $"select pg_notify('{KeyCache.Channel}', 'tenant')";

    // Everything a tenant has goes in one transaction; a large one takes its time.
    private static readonly TimeSpan DeleteLimit = TimeSpan.FromMinutes(10);

    private readonly SystemDb _db;
    private readonly KeyHasher _hasher;
    private readonly KeyCache _cache;
    private readonly TimeProvider _time;

    internal Tenants(SystemDb db, KeyHasher hasher, KeyCache cache, TimeProvider time) => (_db, _hasher, _cache, _time) = (db, hasher, cache, time);

    /// <summary>Makes a tenant with its <c>default</c> bucket, a first key with every scope and the one-time link of its owner.</summary>
    /// <param name="name">1 to <see cref="MaxNameLength"/> characters.</param>
    /// <param name="plan">Name of its plan.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <exception cref="EngramException">The name holds what cannot be stored.</exception>
    public async Task<NewTenant> CreateAsync(string name, string plan, CancellationToken cancellationToken = default)
    {
        Memories.TextRules.Check("name", name, MaxNameLength);
        var now = _time.GetUtcNow();
        var (tenantId, keyId) = (Guid.CreateVersion7(now), Guid.CreateVersion7(now));
        var key = ApiKeyFormat.Generate();
        var setupToken = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        await using var insert = _db.Command(
            Insert,
            Sql.Uuid(tenantId),
            Sql.Text(name),
            Sql.Text(plan),
            Sql.Uuid(Guid.CreateVersion7(now)),
            Sql.Uuid(keyId),
            Sql.Text(ApiKeyFormat.DisplayPrefix(key)),
            Sql.Bytes(_hasher.Hash(key)),
            Sql.Texts(ScopeNames.Of(Scopes.All)),
            Sql.Bytes(_hasher.Hash(setupToken)));
        await using var reader = await insert.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new NewTenant(new TenantInfo(tenantId, name, plan, reader.GetFieldValue<DateTimeOffset>(0)), key, keyId, setupToken);
    }

    /// <summary>Tenants, newest first.</summary>
    /// <param name="limit">At most so many, 1 or more.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<TenantInfo>> ListAsync(int limit, CancellationToken cancellationToken = default)
    {
        await using var select = _db.Command(Select, Sql.Int(limit), Sql.Uuid(WarmUpCaller.Tenant.Id));
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        var tenants = new List<TenantInfo>();
        while (await reader.ReadAsync(cancellationToken))
            tenants.Add(new TenantInfo(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3)));
        return tenants;
    }

    /// <summary>The tenant of this id, or null.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<TenantInfo?> FindAsync(Guid id, CancellationToken cancellationToken = default)
    {
        await using var select = _db.Command(SelectOne, Sql.Uuid(id));
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new TenantInfo(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3))
            : null;
    }

    /// <summary>
    /// Deletes a tenant with everything it has, people who belong to no other one included. Its keys are refused from then on in every process.
    /// What a host still holds in memory for it (a record of its last second) is written nowhere, or found by nobody.
    /// </summary>
    /// <param name="id">The tenant.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <returns>False if there is none.</returns>
    public async Task<bool> DeleteAsync(Guid id, CancellationToken cancellationToken = default)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await DeleteOnceAsync(id, cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DeadlockDetected && attempt < DeleteAttempts)
            {
            }
        }
    }

    private async Task<bool> DeleteOnceAsync(Guid id, CancellationToken cancellationToken)
    {
        await using var connection = await _db.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, DeletePeople, id, cancellationToken);
        if (await ExecuteAsync(connection, Delete, id, cancellationToken) == 0)
            return false;
        foreach (var statement in await UnreachedAsync(connection, cancellationToken))
            await ExecuteAsync(connection, statement, id, cancellationToken);
        await using (var notify = new NpgsqlCommand(Notify, connection))
            await notify.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        _cache.Clear();
        return true;
    }

    private static async Task<IReadOnlyList<string>> UnreachedAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand(SelectUnreached, connection);
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        var statements = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
            statements.Add(reader.GetString(0));
        return statements;
    }

    private static async Task<int> ExecuteAsync(NpgsqlConnection connection, string statement, Guid tenant, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statement, connection) { Parameters = { Sql.Uuid(tenant) }, CommandTimeout = (int)DeleteLimit.TotalSeconds };
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
