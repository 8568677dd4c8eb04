using Engram.Engine.Database;
using Npgsql;
using NpgsqlTypes;

namespace Engram.Engine.Providers;

/// <summary>Writes calls: a row each, the day's sums, and on their connections when they last worked and last failed. One round trip and one transaction.</summary>
internal static class LlmCallRows
{
    // A tenant deleted while its calls waited is left out, or every other tenant's would be refused with them.
    private const string Insert = """
        insert into engram.llm_calls (
            tenant_id, id, at, request_id, operation, role, key_id, bucket_id, memory_id, connection_id, provider, model, elapsed_ms, wait_ms,
            first_token_ms, attempts, input_tokens, output_tokens, cost_usd, fault_kind, upstream_status, hint, retry_after_ms)
        select r.* from unnest(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23) as r (tenant_id)
        where exists (select from engram.tenants t where t.id = r.tenant_id)
        """;

    // Rows are added up in the order of their key, so that two processes cannot lock the same rows crosswise.
    private const string AddUp = """
        insert into engram.llm_usage_daily as u (
            tenant_id, day, key_id, provider, model, operation, role, calls, faults, unpriced_calls, input_tokens, output_tokens, cost_usd)
        select r.* from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) as r (tenant_id)
        where exists (select from engram.tenants t where t.id = r.tenant_id)
        on conflict (tenant_id, day, key_id, provider, model, operation, role) do update set
            calls = u.calls + excluded.calls, faults = u.faults + excluded.faults, unpriced_calls = u.unpriced_calls + excluded.unpriced_calls,
            input_tokens = u.input_tokens + excluded.input_tokens, output_tokens = u.output_tokens + excluded.output_tokens,
            cost_usd = u.cost_usd + excluded.cost_usd
        """;

    private const string Touch = """
        update engram.provider_connections c set
            last_success_at = greatest(c.last_success_at, t.succeeded),
            last_error_at = greatest(c.last_error_at, t.failed),
            last_error = case when t.failed >= coalesce(c.last_error_at, '-infinity') then t.error else c.last_error end
        from unnest($1, $2, $3, $4, $5) as t (tenant_id, id, succeeded, failed, error)
        where c.tenant_id = t.tenant_id and c.id = t.id
        """;

    public static void Add(TenantBatch batch, LlmCall[] calls)
    {
        batch.Add(Insert, ParametersOf(calls));
        AddSums(batch, calls);
        AddTouches(batch, calls);
    }

    private static NpgsqlParameter[] ParametersOf(LlmCall[] calls) =>
    [
        Uuids(calls, call => call.Context.Tenant.Id),
        Uuids(calls, call => Guid.CreateVersion7(call.At)),
        Times(calls, call => call.At),
        Uuids(calls, call => call.Context.RequestId),
        Texts(calls, call => call.Context.Operation),
        Texts(calls, call => ModelRoleNames.Of(call.Context.Role)),
        Uuids(calls, call => call.Context.KeyId),
        Uuids(calls, call => call.Context.BucketId),
        Uuids(calls, call => call.Context.MemoryId),
        Uuids(calls, call => call.ConnectionId),
        Texts(calls, call => call.Provider),
        Texts(calls, call => call.Model),
        Doubles(calls, call => call.ElapsedMs),
        Doubles(calls, call => call.WaitMs),
        Doubles(calls, call => call.FirstTokenMs),
        Array(calls, call => (int?)call.Attempts, NpgsqlDbType.Integer),
        Longs(calls, call => call.InputTokens),
        Longs(calls, call => call.OutputTokens),
        Array(calls, call => call.CostUsd, NpgsqlDbType.Numeric),
        Texts(calls, call => call.Fault is { } fault ? ProviderFaultKinds.NameOf(fault.Kind) : null),
        Array(calls, call => call.Fault?.UpstreamStatus, NpgsqlDbType.Integer),
        Texts(calls, call => call.Fault?.Hint),
        Doubles(calls, call => call.Fault?.RetryAfter?.TotalMilliseconds),
    ];

    private static void AddSums(TenantBatch batch, LlmCall[] calls)
    {
        var sums = calls
            .GroupBy(call => (
                Tenant: call.Context.Tenant.Id, Day: DateOnly.FromDateTime(call.At.UtcDateTime), Key: call.Context.KeyId ?? Guid.Empty,
                call.Provider, call.Model, call.Context.Operation, Role: ModelRoleNames.Of(call.Context.Role)))
            .OrderBy(sum => sum.Key)
            .ToArray();
        batch.Add(
            AddUp,
            Uuids(sums, sum => sum.Key.Tenant),
            Array(sums, sum => (DateOnly?)sum.Key.Day, NpgsqlDbType.Date),
            Uuids(sums, sum => sum.Key.Key),
            Texts(sums, sum => sum.Key.Provider),
            Texts(sums, sum => sum.Key.Model),
            Texts(sums, sum => sum.Key.Operation),
            Texts(sums, sum => sum.Key.Role),
            Longs(sums, sum => sum.Count()),
            Longs(sums, sum => sum.Count(call => call.Fault is not null)),
            Longs(sums, sum => sum.Count(call => call is { CostUsd: null, InputTokens: > 0 } or { CostUsd: null, OutputTokens: > 0 })),
            Longs(sums, sum => sum.Sum(call => call.InputTokens)),
            Longs(sums, sum => sum.Sum(call => call.OutputTokens)),
            Array(sums, sum => sum.Sum(call => call.CostUsd), NpgsqlDbType.Numeric));
    }

    private static void AddTouches(TenantBatch batch, LlmCall[] calls)
    {
        var connections = calls
            .Where(call => call.ConnectionId is not null)
            .GroupBy(call => (Tenant: call.Context.Tenant.Id, Id: call.ConnectionId!.Value))
            .OrderBy(group => group.Key)
            .Select(group => (
                group.Key,
                Success: group.Where(call => call.Fault is null).Max(call => (DateTimeOffset?)call.At),
                Failure: group.Where(call => call.Fault is not null).MaxBy(call => call.At)))
            .ToArray();
        if (connections.Length == 0)
            return;
        batch.Add(
            Touch,
            Uuids(connections, row => row.Key.Tenant),
            Uuids(connections, row => row.Key.Id),
            Times(connections, row => row.Success),
            Times(connections, row => row.Failure?.At),
            Texts(connections, row => row.Failure?.Fault is { } fault ? $"{ProviderFaultKinds.NameOf(fault.Kind)}: {fault.Hint}" : null));
    }

    private static NpgsqlParameter Uuids<TRow>(TRow[] rows, Func<TRow, Guid?> value) => Array(rows, value, NpgsqlDbType.Uuid);

    private static NpgsqlParameter Longs<TRow>(TRow[] rows, Func<TRow, long?> value) => Array(rows, value, NpgsqlDbType.Bigint);

    private static NpgsqlParameter Doubles<TRow>(TRow[] rows, Func<TRow, double?> value) => Array(rows, value, NpgsqlDbType.Double);

    private static NpgsqlParameter Times<TRow>(TRow[] rows, Func<TRow, DateTimeOffset?> value) =>
        Array(rows, row => value(row)?.UtcDateTime, NpgsqlDbType.TimestampTz);

    private static NpgsqlParameter Texts<TRow>(TRow[] rows, Func<TRow, string?> value) => new()
    {
        Value = System.Array.ConvertAll(rows, row => value(row)),
        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
    };

    private static NpgsqlParameter Array<TRow, TValue>(TRow[] rows, Func<TRow, TValue?> value, NpgsqlDbType type)
        where TValue : struct => new()
        {
            Value = System.Array.ConvertAll(rows, row => value(row)),
            NpgsqlDbType = NpgsqlDbType.Array | type,
        };
}
