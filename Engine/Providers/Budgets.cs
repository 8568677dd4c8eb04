using System.Text.Json.Nodes;
using Engram.Engine.Audit;
using Engram.Engine.Database;
using Npgsql;
using NpgsqlTypes;

namespace Engram.Engine.Providers;

/// <summary>The budgets of a tenant: for the tenant as a whole, and for single API keys.</summary>
public sealed class Budgets
{
    internal const string SelectAll = "select key_id, daily_tokens, daily_usd from budgets where tenant_id = $1 order by key_id";

    private const string KnownKeys = "select id from api_keys where tenant_id = $1 and id = any($2)";

    private const string Lock = "select pg_advisory_xact_lock(hashtextextended('engram budgets ' || $1::text, 0))";

    private const string DeleteAll = "delete from budgets where tenant_id = $1";

    private const string Insert = "insert into budgets (tenant_id, key_id, daily_tokens, daily_usd) select $1, * from unnest($2, $3, $4)";

    private readonly TenantDb _db;
    private readonly ModelCache _cache;
    private readonly TimeProvider _time;

    internal Budgets(TenantDb db, ModelCache cache, TimeProvider time) => (_db, _cache, _time) = (db, cache, time);

    /// <summary>Every budget, the tenant's own first.</summary>
    public async Task<IReadOnlyList<Budget>> ListAsync(Tenant tenant, CancellationToken cancellationToken = default)
    {
        await using var batch = _db.Batch(tenant).Add(SelectAll, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await ReadAllAsync(reader, cancellationToken);
    }

    /// <summary>Replaces every budget. One without any limit is left out.</summary>
    /// <param name="actor">Who.</param>
    /// <param name="wanted">The budgets, each key once.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <returns>Null, or the API key the tenant does not have.</returns>
    public async Task<Guid?> ReplaceAsync(Actor actor, IReadOnlyList<Budget> wanted, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        ArgumentNullException.ThrowIfNull(wanted);
        var tenant = actor.Tenant;
        var budgets = wanted.Where(budget => budget.DailyTokens is not null || budget.DailyUsd is not null).ToArray();
        await using var transaction = await _db.BeginAsync(tenant, cancellationToken);
        var (old, keys) = await ReadForUpdateAsync(transaction, tenant, budgets, cancellationToken);
        if (budgets.FirstOrDefault(budget => budget.KeyId is { } key && !keys.Contains(key)) is { } unknown)
            return unknown.KeyId;

        await using var batch = transaction.Batch().Add(DeleteAll, Sql.Uuid(tenant.Id)).Add(
            Insert,
            Sql.Uuid(tenant.Id),
            Sql.Uuids([.. budgets.Select(budget => budget.KeyId ?? Guid.Empty)]),
            new NpgsqlParameter { Value = budgets.Select(budget => budget.DailyTokens).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
            new NpgsqlParameter { Value = budgets.Select(budget => budget.DailyUsd).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Numeric });
        batch.AddAudit(actor, _time, "budgets.set", "budgets", Describe(old), Describe(budgets)).AddNotify(tenant);
        await batch.ExecuteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        _cache.Invalidate(tenant);
        return null;
    }

    internal static async Task<IReadOnlyList<Budget>> ReadAllAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var budgets = new List<Budget>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var key = reader.GetGuid(0);
            budgets.Add(new Budget(
                key == Guid.Empty ? null : key, reader.IsDBNull(1) ? null : reader.GetInt64(1), reader.IsDBNull(2) ? null : reader.GetDecimal(2)));
        }

        return budgets;
    }

    private static async Task<(IReadOnlyList<Budget> Old, HashSet<Guid> Keys)> ReadForUpdateAsync(
        TenantTransaction transaction, Tenant tenant, Budget[] budgets, CancellationToken cancellationToken)
    {
        // Two replacements at once would both delete nothing and both insert: one waits for the other.
        await using var batch = transaction.Batch()
            .Add(Lock, Sql.Uuid(tenant.Id))
            .Add(SelectAll, Sql.Uuid(tenant.Id))
            .Add(KnownKeys, Sql.Uuid(tenant.Id), Sql.Uuids([.. budgets.Where(budget => budget.KeyId is not null).Select(budget => budget.KeyId!.Value)]));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var old = await ReadAllAsync(reader, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var keys = new HashSet<Guid>();
        while (await reader.ReadAsync(cancellationToken))
            keys.Add(reader.GetGuid(0));
        return (old, keys);
    }

    private static JsonObject Describe(IReadOnlyList<Budget> budgets)
    {
        var json = new JsonObject();
        foreach (var budget in budgets)
        {
            json[budget.KeyId?.ToString() ?? "tenant"] = new JsonObject { ["daily_tokens"] = budget.DailyTokens, ["daily_usd"] = budget.DailyUsd };
        }

        return json;
    }
}
