using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Latency;

/// <summary>Merges a tenant's roll-ups into the numbers of a window; hours that are in none yet are summed up from their records.</summary>
internal static class RollupReader
{
    // One statement and so one snapshot: an hour that is rolled up meanwhile is neither missed nor counted twice.
    private const string Hours = """
        with hours as materialized (
            select hour, hour + interval '1 hour' as ends, written = rolled_up or sealed as done from operation_hours where hour >= $2 and hour < $3
        )
        """;

    // What is in no roll-up yet is read hour by hour ("lateral", with the grouping inside so that it stays so), each by its own range of the key.
    // The end of the hour is a column, not a sum made here: adding an interval is not leakproof, and under row level security what is not
    // leakproof is no condition of an index, so that every hour would be read to the end of its day.
    private static readonly string SelectSamples = $"""
        {Hours}
        select r.hour, r.series, r.operation, r.deploy_id, r.cold, null::int, r.samples, r.total_us, r.hop_total_us, r.hop_us, r.sketch
        from operation_rollups r join hours h on h.hour = r.hour and h.done
        where r.tenant_id = $1 and r.hour >= $2 and r.hour < $3
        union all
        select h.hour, o.*, null
        from hours h cross join lateral (
            select o.series, o.operation, o.deploy_id, o.cold, {RollupSums.BucketOf("$4")}, {RollupSums.Columns}
            from operations o
            where o.tenant_id = $1 and o.at >= h.hour and o.at < h.ends and o.at >= $2 and o.at < $3 and o.outcome = 'ok'
            group by 1, 2, 3, 4, 5
        ) o
        where not h.done
        """;

    private const string SelectExclusions = $"""
        {Hours}
        select r.hour, r.series, r.operation, r.deploy_id, r.outcome, nullif(r.cause, ''), nullif(r.provider, ''), nullif(r.model, ''), r.count
        from operation_rollup_exclusions r join hours h on h.hour = r.hour and h.done
        where r.tenant_id = $1 and r.hour >= $2 and r.hour < $3
        union all
        select h.hour, o.*
        from hours h cross join lateral (
            select o.series, o.operation, o.deploy_id, o.outcome, o.cause, o.provider, o.model, count(*)
            from operations o
            where o.tenant_id = $1 and o.at >= h.hour and o.at < h.ends and o.at >= $2 and o.at < $3 and o.outcome <> 'ok'
            group by 1, 2, 3, 4, 5, 6, 7
        ) o
        where not h.done
        """;

    // As above, without the sketches: the sums of an hour are those of its operations, so the means made of them are exact.
    private static readonly string SelectHops = $"""
        {Hours}
        select r.hour, r.samples, r.total_us, r.hop_total_us, r.hop_us
        from operation_rollups r join hours h on h.hour = r.hour and h.done
        where r.tenant_id = $1 and r.hour >= $2 and r.hour < $3 and r.series = any($4)
        union all
        select h.hour, o.*
        from hours h cross join lateral (
            select {RollupSums.Columns}
            from operations o
            where o.tenant_id = $1 and o.at >= h.hour and o.at < h.ends and o.at >= $2 and o.at < $3 and o.series = any($4) and o.outcome = 'ok' and o.hop_us is not null
            having count(*) > 0
        ) o
        where not h.done
        """;

    internal static void AddSamples(TenantBatch batch, Tenant tenant, DateTimeOffset from, DateTimeOffset to) =>
        batch.Add(SelectSamples, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to), new NpgsqlParameter<long[]> { TypedValue = DurationSketch.Bounds });

    /// <summary>Adds what selects hour, operations, their microseconds, those of operations with hops, and the hops of the given series.</summary>
    public static void AddHops(TenantBatch batch, Tenant tenant, DateTimeOffset from, DateTimeOffset to, string[] series) =>
        batch.Add(SelectHops, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to), Sql.Texts(series));

    public static async Task<LatencyWindow> ReadAsync(
        TenantDb db, Tenant tenant, DateTimeOffset from, DateTimeOffset to, TimeSpan step, CancellationToken cancellationToken)
    {
        if ((from.UtcTicks % TimeSpan.TicksPerHour, to.UtcTicks % TimeSpan.TicksPerHour, step.Ticks % TimeSpan.TicksPerHour) != (0, 0, 0))
            throw new ArgumentException("Roll-ups are by the hour: the window and its steps must consist of full hours.");
        var fold = new RollupFold(from, step);
        await using var batch = db.Batch(tenant);
        AddSamples(batch, tenant, from, to);
        batch.Add(SelectExclusions, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to))
            .Add(LatencyReader.SelectLost, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var sums = new RollupSums();
            if (reader.IsDBNull(5))
                sums.Add(DurationSketch.FromBytes(reader.GetFieldValue<byte[]>(10)), reader.GetInt64(7), reader.GetInt64(8), reader.GetFieldValue<long[]>(9));
            else
                sums.AddBucket(reader, 5);
            fold.Add(reader.GetFieldValue<DateTimeOffset>(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetBoolean(4), sums);
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            fold.Exclude(
                reader.GetFieldValue<DateTimeOffset>(0),
                reader.GetString(3),
                new ExclusionCount(reader.GetString(1), reader.GetString(2), reader.GetString(4), Text(reader, 5), Text(reader, 6), Text(reader, 7), reader.GetInt64(8)));
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return fold.ToWindow(to) with { Lost = reader.GetInt64(0) };
    }

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
