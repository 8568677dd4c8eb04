using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Latency;

/// <summary>The numbers of one series, or of one operation in it. Percentiles are over right-shaped answers not later than the cutoff.</summary>
/// <param name="Series">The series.</param>
/// <param name="Operation">The operation, or null for the whole series.</param>
/// <param name="From">Start of the window, or of one step of it.</param>
/// <param name="Samples">Answers the percentiles are taken over.</param>
/// <param name="P50Ms">The floor: half were faster. Null without samples, as are the others.</param>
/// <param name="P95Ms">What users feel.</param>
/// <param name="P99Ms">The tail.</param>
/// <param name="Cold">How many of the samples were the first of their operation in their process.</param>
/// <param name="Excluded">What is in no percentile, by outcome.</param>
public sealed record LatencyNumbers(
    string Series, string? Operation, DateTimeOffset From, long Samples, double? P50Ms, double? P95Ms, double? P99Ms, long Cold, ExcludedCounts Excluded);

/// <summary>Operations that are in no percentile.</summary>
/// <param name="Cutoff">Not done after the cutoff.</param>
/// <param name="ShapeFail">Answered with the wrong shape.</param>
/// <param name="ClientError">Refused, or the caller left.</param>
/// <param name="ProviderFault">The tenant's provider failed.</param>
/// <param name="ServerError">We failed.</param>
public sealed record ExcludedCounts(long Cutoff, long ShapeFail, long ClientError, long ProviderFault, long ServerError);

/// <summary>Cutoffs of one root cause.</summary>
/// <param name="Series">The series.</param>
/// <param name="Cause">Kind of fault, or null where no provider was waited for.</param>
/// <param name="Provider">Provider, or null.</param>
/// <param name="Model">Model, or null.</param>
/// <param name="Count">How many.</param>
public sealed record CutoffCount(string Series, string? Cause, string? Provider, string? Model, long Count);

/// <summary>Takes percentiles, exactly, over the records themselves.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class LatencyReader(TenantDb db)
{
    // Nearest rank (percentile_disc): a value that was measured, never one in between. An operation's class follows from its series.
    private const string Counted = "outcome = 'ok'";

    private const string Select = $"""
        select series, operation, case when grouping(step) = 1 then null else step end,
            count(*) filter (where {Counted}),
            percentile_disc(array[0.5, 0.95, 0.99]) within group (order by duration_us) filter (where {Counted}),
            count(*) filter (where {Counted} and cold),
            count(*) filter (where outcome = 'cutoff'), count(*) filter (where outcome = 'shape_fail'), count(*) filter (where outcome = 'client_error'),
            count(*) filter (where outcome = 'provider_fault'), count(*) filter (where outcome = 'server_error')
        from (
            select s.series, o.operation, date_bin($4, o.at, $2) as step, o.outcome, o.duration_us, o.cold
            from operations o
            cross join lateral (values (o.series), (case when o.series = 'floor' then 'read' end)) as s (series)
            where o.tenant_id = $1 and o.at >= $2 and o.at < $3 and s.series is not null
        ) o
        group by grouping sets ((series), (series, operation), (series, step))
        order by series, operation nulls first, 3 nulls first
        """;

    private const string SelectCutoffs = """
        select series, cause, provider, model, count(*) from operations
        where tenant_id = $1 and at >= $2 and at < $3 and outcome = 'cutoff'
        group by series, cause, provider, model order by count(*) desc
        """;

    /// <summary>The numbers of a window: of each series, of each operation in it, and of each step of time.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="from">Start of the window.</param>
    /// <param name="to">Its end.</param>
    /// <param name="step">Length of a step.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<(IReadOnlyList<LatencyNumbers> Series, IReadOnlyList<LatencyNumbers> Operations, IReadOnlyList<LatencyNumbers> Steps, IReadOnlyList<CutoffCount> Cutoffs)> ReadAsync(
        Tenant tenant, DateTimeOffset from, DateTimeOffset to, TimeSpan step, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = db.Batch(tenant)
            .Add(Select, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to), Sql.Interval(step))
            .Add(SelectCutoffs, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var (series, operations, steps) = (new List<LatencyNumbers>(), new List<LatencyNumbers>(), new List<LatencyNumbers>());
        while (await reader.ReadAsync(cancellationToken))
        {
            var numbers = Read(reader, from);
            (numbers.Operation is not null ? operations : reader.IsDBNull(2) ? series : steps).Add(numbers);
        }

        await reader.NextResultAsync(cancellationToken);
        var cutoffs = new List<CutoffCount>();
        while (await reader.ReadAsync(cancellationToken))
        {
            cutoffs.Add(new CutoffCount(
                reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2),
                reader.IsDBNull(3) ? null : reader.GetString(3), reader.GetInt64(4)));
        }

        return (series, operations, steps, cutoffs);
    }

    private static LatencyNumbers Read(NpgsqlDataReader reader, DateTimeOffset from)
    {
        var percentiles = reader.IsDBNull(4) ? null : reader.GetFieldValue<long[]>(4);
        return new LatencyNumbers(
            reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1), reader.IsDBNull(2) ? from : reader.GetFieldValue<DateTimeOffset>(2),
            reader.GetInt64(3), percentiles?[0] / 1000.0, percentiles?[1] / 1000.0, percentiles?[2] / 1000.0, reader.GetInt64(5),
            new ExcludedCounts(reader.GetInt64(6), reader.GetInt64(7), reader.GetInt64(8), reader.GetInt64(9), reader.GetInt64(10)));
    }
}
