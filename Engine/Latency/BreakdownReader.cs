using Engram.Engine.Database;

namespace Engram.Engine.Latency;

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

/// <summary>Unfolds the hops of one series by step of time.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class BreakdownReader(TenantDb db)
{
    /// <summary>Operations whose hops are unfolded at most, about; a larger window is sampled evenly by request id.</summary>
    public const int SampleTarget = 20_000;

    private const string SelectCount = "select count(*) from operations where tenant_id = $1 and at >= $2 and at < $3 and series = $4 and outcome = 'ok'";

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

    /// <summary>The hops of a series by step, and the share of its operations they are taken over.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="from">Start of the window.</param>
    /// <param name="to">Its end.</param>
    /// <param name="step">Length of a step.</param>
    /// <param name="series">Whose hops.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    public async Task<(IReadOnlyList<HopStep> Hops, double SampledShare)> ReadAsync(
        Tenant tenant, DateTimeOffset from, DateTimeOffset to, TimeSpan step, string series, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        long count;
        await using (var batch = db.Batch(tenant).Add(SelectCount, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to), Sql.Text(series)))
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            count = reader.GetInt64(0);
        }

        var threshold = count <= SampleTarget ? 256 : Math.Max(1, (int)(256L * SampleTarget / count));
        return (await HopsAsync(tenant, from, to, step, series, threshold, cancellationToken), threshold / 256.0);
    }

    private async Task<List<HopStep>> HopsAsync(
        Tenant tenant, DateTimeOffset from, DateTimeOffset to, TimeSpan step, string series, int threshold, CancellationToken cancellationToken)
    {
        await using var batch = db.Batch(tenant).Add(
            SelectHops, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to), Sql.Interval(step),
            Sql.Text(series), Sql.Int(threshold));
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
