using Engram.Engine.Database;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Engine.Latency;

/// <summary>
/// The numbers of a window: exactly, over the records, where it is short; over the hourly roll-ups where it is long, and over the records of those
/// of its hours that are in no roll-up yet.
/// </summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="options">Which windows are short.</param>
public sealed class LatencyReader(TenantDb db, IOptions<OperationOptions> options)
{
    // Nearest rank (percentile_disc): a value that was measured, never one in between. An operation's class follows from its series.
    private const string Counted = "outcome = 'ok'";

    private const string Select = $"""
        select series, operation, case when grouping(step) = 1 then null else step end, case when grouping(cold) = 1 then null else cold end,
            count(*) filter (where {Counted}),
            avg(duration_us) filter (where {Counted})::double precision,
            percentile_disc(array[0.5, 0.95, 0.99]) within group (order by duration_us) filter (where {Counted}),
            count(*) filter (where {Counted} and is_cold),
            count(*) filter (where outcome = 'cutoff'), count(*) filter (where outcome = 'shape_fail'), count(*) filter (where outcome = 'client_error'),
            count(*) filter (where outcome = 'provider_fault'), count(*) filter (where outcome = 'server_error')
        from (
            select s.series, o.operation, date_bin($4, o.at, $2) as step, o.outcome, o.duration_us, o.cold, o.cold as is_cold
            from operations o
            cross join lateral (values (o.series), (case when o.series = 'floor' then 'read' end)) as s (series)
            where o.tenant_id = $1 and o.at >= $2 and o.at < $3 and s.series is not null
        ) o
        group by grouping sets ((series), (series, operation), (series, step), (series, cold))
        order by series, operation nulls first, 3 nulls first
        """;

    private const string SelectExclusions = """
        select series, operation, outcome, cause, provider, model, count(*) from operations
        where tenant_id = $1 and at >= $2 and at < $3 and outcome <> 'ok'
        group by series, operation, outcome, cause, provider, model order by count(*) desc, series, operation, outcome, cause
        """;

    private const string SelectDeploys = """
        select deploy_id, min(at), count(*) from operations where tenant_id = $1 and at >= $2 and at < $3 group by deploy_id order by min(at), deploy_id
        """;

    private static readonly string SelectHops = $"""
        select o.series, 0, {RollupSums.Columns} from operations o
        where o.tenant_id = $1 and o.at >= $2 and o.at < $3 and o.outcome = 'ok' and o.hop_us is not null group by o.series
        """;

    // Losses are counted by the hour, so one that the window only touches is told whole.
    internal const string SelectLost = """
        select coalesce(sum(lost), 0)::bigint from operation_losses where tenant_id = $1 and hour > $2 - interval '1 hour' and hour < $3
        """;

    /// <summary>Windows up to this are read exactly unless something else is asked for.</summary>
    public TimeSpan ExactWindow => TimeSpan.FromHours(options.Value.ExactHours);

    /// <summary>The numbers of a window: of each series, of each operation in it, and of each step of time.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="from">Start of the window; with <see cref="LatencyMethod.Sketch"/> a full hour (UTC).</param>
    /// <param name="to">Its end; with <see cref="LatencyMethod.Sketch"/> a full hour.</param>
    /// <param name="step">Length of a step; with <see cref="LatencyMethod.Sketch"/> full hours.</param>
    /// <param name="method">How.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="ArgumentException">The window or the step does not consist of full hours where it must.</exception>
    public async Task<LatencyWindow> ReadAsync(
        Tenant tenant, DateTimeOffset from, DateTimeOffset to, TimeSpan step, LatencyMethod method, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        return method == LatencyMethod.Sketch
            ? await RollupReader.ReadAsync(db, tenant, from, to, step, cancellationToken)
            : await ReadExactlyAsync(tenant, from, to, step, cancellationToken);
    }

    private async Task<LatencyWindow> ReadExactlyAsync(Tenant tenant, DateTimeOffset from, DateTimeOffset to, TimeSpan step, CancellationToken cancellationToken)
    {
        await using var batch = db.Batch(tenant)
            .Add(Select, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to), Sql.Interval(step))
            .Add(SelectExclusions, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to))
            .Add(SelectDeploys, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to))
            .Add(SelectHops, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to))
            .Add(SelectLost, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var (series, operations, steps, temperatures) = (new List<LatencyNumbers>(), new List<LatencyNumbers>(), new List<LatencyNumbers>(), new List<TemperaturePercentiles>());
        while (await reader.ReadAsync(cancellationToken))
        {
            var numbers = Read(reader, from);
            if (!reader.IsDBNull(3))
                AddTemperature(temperatures, numbers, reader.GetBoolean(3));
            else
                (numbers.Operation is not null ? operations : reader.IsDBNull(2) ? series : steps).Add(numbers);
        }

        var exclusions = await RowsAsync(reader, r => new ExclusionCount(r.GetString(0), r.GetString(1), r.GetString(2), Text(r, 3), Text(r, 4), Text(r, 5), r.GetInt64(6)), cancellationToken);
        var deploys = await RowsAsync(reader, r => new DeployMark(r.GetString(0), r.GetFieldValue<DateTimeOffset>(1), r.GetInt64(2)), cancellationToken);
        var hops = new HopTotals();
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            hops.Add(reader.GetString(0), reader.GetInt64(2), reader.GetInt64(4), reader.GetFieldValue<long[]>(5));
        var lost = await RowsAsync(reader, r => r.GetInt64(0), cancellationToken);
        return new LatencyWindow(from, to, LatencyMethod.Exact)
        {
            Lost = lost[0],
            Series = series,
            Operations = operations,
            Steps = steps,
            Temperatures = [.. temperatures.OrderBy(t => t.Series, StringComparer.Ordinal).ThenBy(t => t.Cold)],
            Exclusions = exclusions,
            Deploys = deploys,
            Hops = hops.Shares(),
        };
    }

    private static LatencyNumbers Read(NpgsqlDataReader reader, DateTimeOffset from)
    {
        var percentiles = reader.IsDBNull(6) ? null : reader.GetFieldValue<long[]>(6);
        return new LatencyNumbers(
            reader.GetString(0), Text(reader, 1), reader.IsDBNull(2) ? from : reader.GetFieldValue<DateTimeOffset>(2), reader.GetInt64(4),
            reader.IsDBNull(5) ? null : Math.Round(reader.GetDouble(5)) / 1000, percentiles?[0] / 1000.0, percentiles?[1] / 1000.0, percentiles?[2] / 1000.0, reader.GetInt64(7),
            new ExcludedCounts(reader.GetInt64(8), reader.GetInt64(9), reader.GetInt64(10), reader.GetInt64(11), reader.GetInt64(12)));
    }

    private static void AddTemperature(List<TemperaturePercentiles> temperatures, LatencyNumbers numbers, bool cold)
    {
        if (numbers is { MeanMs: { } mean, P50Ms: { } p50, P95Ms: { } p95, P99Ms: { } p99 })
            temperatures.Add(new TemperaturePercentiles(numbers.Series, cold, numbers.Samples, mean, p50, p95, p99));
    }

    private static async Task<List<T>> RowsAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await reader.NextResultAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
            rows.Add(read(reader));
        return rows;
    }

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
