using System.Globalization;
using Engram.Engine.Database;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace Engram.Engine.Latency;

/// <summary>
/// Writes the hourly roll-ups from the records of closed hours. An hour is replaced as a whole in one transaction, so it may be done again at any
/// time, by any Worker, after any crash; it is done again when records of it come late.
/// </summary>
/// <param name="db">The door that spans tenants.</param>
/// <param name="options">How long roll-ups are kept.</param>
/// <param name="time">Tells which hours are closed.</param>
public sealed class OperationRollups(SystemDb db, IOptions<OperationOptions> options, TimeProvider time)
{
    private const int BatchRows = 500;
    private const int FetchRows = 5_000;

    // Any number, as long as nothing else in the database uses it for the first half of an advisory lock.
    private const int LockSpace = 0x656E6772;

    private static readonly string[] Tables = ["operation_rollups", "operation_rollup_exclusions", "platform_rollups"];

    private const string Due = """
        select hour from engram.operation_hours where written <> rolled_up and not sealed and hour < $1 order by hour limit 1000
        """;

    private const string Version = "select written from engram.operation_hours where hour = $1 and written <> rolled_up and not sealed";

    private static readonly string Samples = $"""
        declare samples no scroll cursor for
        select o.tenant_id, o.series, o.operation, o.cold, o.deploy_id, o.class, {RollupSums.BucketOf("$3")}, {RollupSums.Columns}
        from engram.operations o where o.at >= $1 and o.at < $2 and o.outcome = 'ok'
        group by 1, 2, 3, 4, 5, 6, 7 order by 1, 2, 3, 4, 5, 6
        """;

    private const string InsertExclusions = """
        insert into engram.operation_rollup_exclusions (tenant_id, hour, series, operation, outcome, cause, provider, model, deploy_id, count)
        select tenant_id, $1, series, operation, outcome, coalesce(cause, ''), coalesce(provider, ''), coalesce(model, ''), deploy_id, count(*)
        from engram.operations where at >= $1 and at < $2 and outcome <> 'ok'
        group by 1, 3, 4, 5, 6, 7, 8, 9
        """;

    private const string Insert = """
        insert into engram.operation_rollups (tenant_id, hour, series, operation, cold, deploy_id, class, samples, total_us, sketch, hop_us, hop_total_us)
        select tenant_id, $1, series, operation, cold, deploy_id, class, samples, total_us, sketch, hop_us::bigint[], hop_total_us
        from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            as r (tenant_id, series, operation, cold, deploy_id, class, samples, total_us, sketch, hop_us, hop_total_us)
        """;

    private const string InsertPlatform = """
        with counted as (
            select s.series, count(*) as excluded, count(*) filter (where o.outcome = 'cutoff') as cutoffs
            from engram.operations o
            cross join lateral (values (o.series), (case when o.series = 'floor' then 'read' end)) as s (series)
            where o.at >= $1 and o.at < $2 and o.outcome <> 'ok' and s.series is not null
            group by s.series
        )
        insert into engram.platform_rollups (hour, series, samples, excluded, cutoffs, sketch)
        select $1, coalesce(r.series, c.series), coalesce(r.samples, 0), coalesce(c.excluded, 0), coalesce(c.cutoffs, 0), coalesce(r.sketch, $6)
        from unnest($3, $4, $5) as r (series, samples, sketch) full join counted c using (series)
        """;

    private sealed record Row(Guid Tenant, string Series, string Operation, bool Cold, string DeployId, string Class)
    {
        public RollupSums Sums { get; } = new();
    }

    /// <summary>Rolls up every closed hour that has records in no roll-up, the oldest first, and forgets roll-ups whose time is over.</summary>
    /// <param name="cancellationToken">Cancels; the hour being done is left as it was.</param>
    /// <returns>How many hours were rolled up.</returns>
    public async Task<int> MaintainAsync(CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        var open = now - TimeSpan.FromTicks(now.Ticks % TimeSpan.TicksPerHour);
        var done = 0;
        await using var connection = await db.OpenAsync(cancellationToken);
        foreach (var hour in await DueAsync(connection, open, cancellationToken))
            done += await RollUpAsync(connection, hour, cancellationToken) ? 1 : 0;
        await using var tidy = new NpgsqlBatch(connection);
        foreach (var table in (string[])[.. Tables, "operation_hours", "operation_losses"])
            tidy.BatchCommands.Add(new NpgsqlBatchCommand($"delete from engram.{table} where hour < $1") { Parameters = { Sql.Time(open.AddDays(-options.Value.RollupKeepDays)) } });
        await tidy.ExecuteNonQueryAsync(cancellationToken);
        return done;
    }

    private static async Task<List<DateTimeOffset>> DueAsync(NpgsqlConnection connection, DateTimeOffset open, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Due, connection) { Parameters = { Sql.Time(open) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var hours = new List<DateTimeOffset>();
        while (await reader.ReadAsync(cancellationToken))
            hours.Add(reader.GetFieldValue<DateTimeOffset>(0));
        return hours;
    }

    /// <summary>False where another Worker is at it or was before.</summary>
    private static async Task<bool> RollUpAsync(NpgsqlConnection connection, DateTimeOffset hour, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var mine = new NpgsqlCommand("select pg_try_advisory_xact_lock($1, $2)", connection))
        {
            mine.Parameters.AddRange(new[] { Sql.Int(LockSpace), Sql.Int((int)(hour.ToUnixTimeSeconds() / 3600)) });
            if (await mine.ExecuteScalarAsync(cancellationToken) is not true)
                return false;
        }

        // Read before the records: whatever this number counts is visible to the statements that follow, and what is written later raises it.
        await using var version = new NpgsqlCommand(Version, connection) { Parameters = { Sql.Time(hour) } };
        if (await version.ExecuteScalarAsync(cancellationToken) is not long written)
            return false;

        foreach (var table in Tables)
            await ExecuteAsync(connection, $"delete from engram.{table} where hour = $1", cancellationToken, Sql.Time(hour));
        var platform = await CopySamplesAsync(connection, hour, cancellationToken);
        await ExecuteAsync(connection, InsertExclusions, cancellationToken, Sql.Time(hour), Sql.Time(hour.AddHours(1)));
        await ExecuteAsync(
            connection, InsertPlatform, cancellationToken, Sql.Time(hour), Sql.Time(hour.AddHours(1)), Sql.Texts([.. platform.Keys]),
            Longs([.. platform.Values.Select(sketch => sketch.Count)]), Blobs([.. platform.Values.Select(sketch => sketch.ToBytes())]), Sql.Bytes(new DurationSketch().ToBytes()));
        // Last, since whoever writes records of this hour waits for this row until the commit.
        await ExecuteAsync(connection, "update engram.operation_hours set rolled_up = $2 where hour = $1", cancellationToken, Sql.Time(hour), Sql.Long(written));
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Reads the hour's groups in portions and writes the roll-ups as they come: neither is ever in memory as a whole.</summary>
    /// <returns>The sketches of all tenants together by series.</returns>
    private static async Task<SortedDictionary<string, DurationSketch>> CopySamplesAsync(NpgsqlConnection connection, DateTimeOffset hour, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, Samples, cancellationToken, Sql.Time(hour), Sql.Time(hour.AddHours(1)), Longs(DurationSketch.Bounds));
        var platform = new SortedDictionary<string, DurationSketch>(StringComparer.Ordinal);
        var rows = new List<Row>();
        var more = true;
        while (more)
        {
            // What is complete: everything but the row whose buckets may go on in the next portion.
            more = await FetchAsync(connection, rows, cancellationToken);
            while (rows.Count >= BatchRows || (!more && rows.Count > 0))
            {
                var complete = rows.Take(Math.Min(BatchRows, more ? rows.Count - 1 : rows.Count)).ToArray();
                await WriteAsync(connection, hour, complete, platform, cancellationToken);
                rows.RemoveRange(0, complete.Length);
            }
        }

        await ExecuteAsync(connection, "close samples", cancellationToken);
        return platform;
    }

    private static async Task<bool> FetchAsync(NpgsqlConnection connection, List<Row> rows, CancellationToken cancellationToken)
    {
        await using var fetch = new NpgsqlCommand(string.Create(CultureInfo.InvariantCulture, $"fetch {FetchRows} from samples"), connection);
        await using var reader = await fetch.ExecuteReaderAsync(cancellationToken);
        var fetched = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            fetched++;
            var row = new Row(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3), reader.GetString(4), reader.GetString(5));
            if (rows.Count == 0 || !IsSame(rows[^1], row))
                rows.Add(row);
            rows[^1].Sums.AddBucket(reader, 6);
        }

        return fetched == FetchRows;
    }

    private static bool IsSame(Row a, Row b) =>
        (a.Tenant, a.Series, a.Operation, a.Cold, a.DeployId, a.Class) == (b.Tenant, b.Series, b.Operation, b.Cold, b.DeployId, b.Class);

    private static async Task WriteAsync(
        NpgsqlConnection connection, DateTimeOffset hour, Row[] rows, SortedDictionary<string, DurationSketch> platform, CancellationToken cancellationToken)
    {
        foreach (var row in rows)
        {
            foreach (var series in LatencyBudgets.SeriesOf(row.Series))
            {
                if (!platform.TryGetValue(series, out var sketch))
                    platform[series] = sketch = new DurationSketch();
                sketch.Merge(row.Sums.Sketch);
            }
        }

        await ExecuteAsync(
            connection, Insert, cancellationToken,
            Sql.Time(hour),
            Sql.Uuids(Array.ConvertAll(rows, r => r.Tenant)),
            Sql.Texts(Array.ConvertAll(rows, r => r.Series)),
            Sql.Texts(Array.ConvertAll(rows, r => r.Operation)),
            new NpgsqlParameter<bool[]> { TypedValue = Array.ConvertAll(rows, r => r.Cold), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Boolean },
            Sql.Texts(Array.ConvertAll(rows, r => r.DeployId)),
            Sql.Texts(Array.ConvertAll(rows, r => r.Class)),
            Longs(Array.ConvertAll(rows, r => r.Sums.Sketch.Count)),
            Longs(Array.ConvertAll(rows, r => r.Sums.TotalUs)),
            Blobs(Array.ConvertAll(rows, r => r.Sums.Sketch.ToBytes())),
            Sql.Texts(Array.ConvertAll(rows, r => $"{{{string.Join(',', r.Sums.HopUs)}}}")),
            Longs(Array.ConvertAll(rows, r => r.Sums.HopTotalUs)));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter<long[]> Longs(long[] values) => new() { TypedValue = values };

    private static NpgsqlParameter<byte[][]> Blobs(byte[][] values) => new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bytea };
}
