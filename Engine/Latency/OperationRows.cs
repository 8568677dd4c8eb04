using System.Buffers;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Engram.Engine.Database;
using Npgsql;
using NpgsqlTypes;

namespace Engram.Engine.Latency;

/// <summary>
/// Writes records in one statement. Not by COPY: PostgreSQL refuses COPY into a table under row level security, and an insert from arrays is
/// one round trip as well (docs/decisions).
/// </summary>
internal static class OperationRows
{
    // A batch may be written twice when the answer to its commit was lost. Nobody would ever look at, or delete, the records of a tenant that is gone.
    private const string Insert = """
        insert into engram.operations (
            tenant_id, at, request_id, host, operation, class, series, outcome, cause, provider, model, status, duration_us, cold, key_id,
            request_bytes, response_bytes, llm_calls, input_tokens, output_tokens, cost_usd, deploy_id, hops, hop_us)
        select r.tenant_id, r.at, r.request_id, r.host, r.operation, r.class, r.series, r.outcome, r.cause, r.provider, r.model, r.status, r.duration_us, r.cold, r.key_id,
            r.request_bytes, r.response_bytes, r.llm_calls, r.input_tokens, r.output_tokens, r.cost_usd, $22, r.hops::jsonb, $24[(r.n - 1) * $25 + 1 : r.n * $25]
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $23) with ordinality as r (
            tenant_id, at, request_id, host, operation, class, series, outcome, cause, provider, model, status, duration_us, cold, key_id,
            request_bytes, response_bytes, llm_calls, input_tokens, output_tokens, cost_usd, hops, n)
        where exists (select from engram.tenants t where t.id = r.tenant_id)
        on conflict (tenant_id, at, request_id) do nothing
        """;

    // Last in the batch, since whoever writes records of the same hour waits for this row until the commit; in order, so that nobody waits crosswise.
    private const string Touch = """
        insert into engram.operation_hours as h (hour, written)
        select hour, 1 from unnest($1) as t (hour) order by hour
        on conflict (hour) do update set written = h.written + 1
        """;

    private const string Lose = """
        insert into engram.operation_losses as l (tenant_id, hour, host, lost)
        select r.tenant_id, r.hour, r.host, r.lost from unnest($1, $2, $3, $4) as r (tenant_id, hour, host, lost)
        where exists (select from engram.tenants t where t.id = r.tenant_id)
        on conflict (tenant_id, hour, host) do update set lost = l.lost + excluded.lost
        """;

    public static void Add(TenantBatch batch, OperationRecord[] records, string deployId) => batch.Add(
        Insert,
        Sql.Uuids(Array.ConvertAll(records, r => r.Tenant.Id)),
        Values(records, r => (DateTime?)r.At.UtcDateTime, NpgsqlDbType.TimestampTz),
        Sql.Uuids(Array.ConvertAll(records, r => r.RequestId)),
        Texts(records, r => r.Host),
        Texts(records, r => r.Operation),
        Texts(records, r => OpNames.Of(r.Class)),
        Texts(records, r => r.Series),
        Texts(records, r => OpNames.Of(r.Outcome)),
        Texts(records, r => r.Cause),
        Texts(records, r => r.Provider),
        Texts(records, r => r.Model),
        Values(records, r => r.Status, NpgsqlDbType.Integer),
        Values(records, r => (long?)Microseconds(r.Duration), NpgsqlDbType.Bigint),
        Values(records, r => (bool?)r.Cold, NpgsqlDbType.Boolean),
        Values(records, r => r.KeyId, NpgsqlDbType.Uuid),
        Values(records, r => r.RequestBytes, NpgsqlDbType.Bigint),
        Values(records, r => r.ResponseBytes, NpgsqlDbType.Bigint),
        Values(records, r => (int?)r.LlmCalls, NpgsqlDbType.Integer),
        Values(records, r => (long?)r.InputTokens, NpgsqlDbType.Bigint),
        Values(records, r => (long?)r.OutputTokens, NpgsqlDbType.Bigint),
        Values(records, r => r.CostUsd, NpgsqlDbType.Numeric),
        Sql.Text(deployId),
        Texts(records, HopsOf),
        Sql.Ints(SharesOf(records)),
        Sql.Int(HopNames.Count)).Add(
        Touch,
        new NpgsqlParameter<DateTime[]> { TypedValue = [.. records.Select(r => HourOf(r.At).UtcDateTime).Distinct()], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz });

    /// <summary>Says of how many records there is nothing.</summary>
    public static void AddLosses(TenantBatch batch, KeyValuePair<(Tenant Tenant, DateTimeOffset Hour, string Host), long>[] lost)
    {
        if (lost.Length > 0)
        {
            batch.Add(
                Lose,
                Sql.Uuids(Array.ConvertAll(lost, l => l.Key.Tenant.Id)),
                new NpgsqlParameter<DateTime[]> { TypedValue = Array.ConvertAll(lost, l => l.Key.Hour.UtcDateTime), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz },
                Sql.Texts(Array.ConvertAll(lost, l => l.Key.Host)),
                new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(lost, l => l.Value) });
        }
    }

    /// <summary>The full hour in UTC that holds a time.</summary>
    public static DateTimeOffset HourOf(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero);

    private static long Microseconds(TimeSpan time) => time.Ticks / TimeSpan.TicksPerMicrosecond;

    /// <summary>The shares of all records in one array, which the statement cuts up again: an array for each, as text, took longer to read than to store.</summary>
    private static int[] SharesOf(OperationRecord[] records)
    {
        var shares = new int[records.Length * HopNames.Count];
        for (var i = 0; i < records.Length; i++)
            HopShares.Write(records[i], shares.AsSpan(i * HopNames.Count, HopNames.Count));
        return shares;
    }

    private static string HopsOf(OperationRecord record)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartArray();
            foreach (var hop in record.Hops)
            {
                json.WriteStartArray();
                json.WriteStringValue(HopNames.Of(hop.Hop));
                json.WriteStringValue(hop.Label);
                json.WriteNumberValue(Math.Max(0, Microseconds(Stopwatch.GetElapsedTime(record.Started, hop.Started))));
                json.WriteNumberValue(Microseconds(Stopwatch.GetElapsedTime(0, hop.Ticks)));
                json.WriteEndArray();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static NpgsqlParameter Texts(OperationRecord[] records, Func<OperationRecord, string?> value) => new()
    {
        Value = Array.ConvertAll(records, r => value(r)),
        NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text,
    };

    private static NpgsqlParameter Values<T>(OperationRecord[] records, Func<OperationRecord, T?> value, NpgsqlDbType type)
        where T : struct => new()
        {
            Value = Array.ConvertAll(records, r => value(r)),
            NpgsqlDbType = NpgsqlDbType.Array | type,
        };
}
