using Engram.Engine.Database;
using Npgsql;
using NpgsqlTypes;

namespace Engram.Engine.Latency;

/// <summary>A deployment that served operations of a window.</summary>
/// <param name="DeployId">Its id.</param>
/// <param name="FirstAt">Its first operation in the window.</param>
/// <param name="LastAt">Its last.</param>
/// <param name="Operations">How many it served.</param>
public sealed record DeploySpan(string DeployId, DateTimeOffset FirstAt, DateTimeOffset LastAt, long Operations);

/// <summary>First calls of a process beside the others.</summary>
/// <param name="Series">The series.</param>
/// <param name="Cold">True for the first of their operation in their process.</param>
/// <param name="Samples">Right-shaped answers not later than the cutoff.</param>
/// <param name="P50Ms">Half were faster, in milliseconds.</param>
/// <param name="P95Ms">What users feel, in milliseconds.</param>
public sealed record TemperatureNumbers(string Series, bool Cold, long Samples, double? P50Ms, double? P95Ms);

/// <summary>One hop's share of a step.</summary>
/// <param name="Hop">Which part.</param>
/// <param name="MeanMs">Milliseconds of an operation that had its duration on average; parts that run side by side are counted each.</param>
public sealed record HopShare(string Hop, double MeanMs);

/// <summary>Where the operations of one step spent their time.</summary>
/// <param name="From">Start of the step.</param>
/// <param name="Operations">Operations the means are taken over.</param>
/// <param name="MeanMs">Mean duration in milliseconds.</param>
/// <param name="Hops">Its parts, by name.</param>
public sealed record HopStep(DateTimeOffset From, long Operations, double MeanMs, IReadOnlyList<HopShare> Hops);

/// <summary>Looks into a window of operations: deployments, first calls, and the hops of one series.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class BreakdownReader(TenantDb db)
{
    /// <summary>Operations whose hops are unfolded at most, about; a larger window is sampled evenly by request id.</summary>
    public const int SampleTarget = 20_000;

    private const string SelectDeploys = """
        select deploy_id, min(at), max(at), count(*) from operations
        where tenant_id = $1 and at >= $2 and at < $3 group by deploy_id order by min(at)
        """;

    private const string SelectTemperatures = """
        select series, cold, count(*), percentile_disc(array[0.5, 0.95]) within group (order by duration_us)
        from operations where tenant_id = $1 and at >= $2 and at < $3 and outcome = 'ok'
        group by series, cold order by series, cold desc
        """;

    // A request id is a UUIDv7: its last byte is random, so a threshold on it takes an even sample that is the same at every look.
    private const string SelectHops = """
        with sampled as materialized (
            select date_bin($4, at, $2) as step, duration_us, hops from operations
            where tenant_id = $1 and at >= $2 and at < $3 and series = $5 and outcome = 'ok' and get_byte(uuid_send(request_id), 15) < $6
        ), steps as (
            select step, count(*) as n, avg(duration_us) as mean from sampled group by step
        ), parts as (
            select step, hop ->> 0 as name, sum((hop ->> 3)::bigint) as total from sampled, jsonb_array_elements(hops) as hop group by step, hop ->> 0
        )
        select s.step, s.n, s.mean / 1000.0, p.name, (p.total / s.n) / 1000.0
        from steps s left join parts p using (step) order by s.step, p.name
        """;

    /// <summary>Deployments and first calls of a window, and the hops of one series by step.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="from">Start of the window.</param>
    /// <param name="to">Its end.</param>
    /// <param name="step">Length of a step.</param>
    /// <param name="series">Whose hops are wanted; null for none.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public async Task<(IReadOnlyList<DeploySpan> Deploys, IReadOnlyList<TemperatureNumbers> Temperatures, IReadOnlyList<HopStep> Hops, double SampledShare)> ReadAsync(
        Tenant tenant, DateTimeOffset from, DateTimeOffset to, TimeSpan step, string? series, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        var deploys = new List<DeploySpan>();
        var temperatures = new List<TemperatureNumbers>();
        await using (var batch = db.Batch(tenant)
            .Add(SelectDeploys, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to))
            .Add(SelectTemperatures, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to)))
        {
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                deploys.Add(new DeploySpan(reader.GetString(0), reader.GetFieldValue<DateTimeOffset>(1), reader.GetFieldValue<DateTimeOffset>(2), reader.GetInt64(3)));
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                var percentiles = reader.GetFieldValue<long[]>(3);
                temperatures.Add(new TemperatureNumbers(reader.GetString(0), reader.GetBoolean(1), reader.GetInt64(2), percentiles[0] / 1000.0, percentiles[1] / 1000.0));
            }
        }

        if (series is null)
            return (deploys, temperatures, [], 1);
        var count = temperatures.Where(numbers => numbers.Series == series).Sum(numbers => numbers.Samples);
        var threshold = count <= SampleTarget ? 256 : Math.Max(1, (int)(256L * SampleTarget / count));
        return (deploys, temperatures, await HopsAsync(tenant, from, to, step, series, threshold, cancellationToken), threshold / 256.0);
    }

    private async Task<List<HopStep>> HopsAsync(
        Tenant tenant, DateTimeOffset from, DateTimeOffset to, TimeSpan step, string series, int threshold, CancellationToken cancellationToken)
    {
        await using var batch = db.Batch(tenant).Add(
            SelectHops, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to), Sql.Interval(step),
            new NpgsqlParameter { Value = series, NpgsqlDbType = NpgsqlDbType.Text }, Sql.Int(threshold));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var steps = new List<HopStep>();
        var shares = new List<HopShare>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var at = reader.GetFieldValue<DateTimeOffset>(0);
            if (steps.Count == 0 || steps[^1].From != at)
            {
                shares = [];
                steps.Add(new HopStep(at, reader.GetInt64(1), Math.Round((double)reader.GetDecimal(2), 3), shares));
            }

            if (!reader.IsDBNull(3))
                shares.Add(new HopShare(reader.GetString(3), Math.Round((double)reader.GetDecimal(4), 3)));
        }

        return steps;
    }
}
