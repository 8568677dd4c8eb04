using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Latency;

/// <summary>One hop's share of a step.</summary>
/// <param name="Hop">Which part.</param>
/// <param name="MeanMs">Milliseconds of an operation on average; every moment is counted once, for the hop that began last.</param>
public sealed record HopShare(string Hop, double MeanMs);

/// <summary>Where the operations of one step spent their time.</summary>
/// <param name="From">Start of the step.</param>
/// <param name="Operations">Operations the means are taken over: right-shaped answers whose hops were recorded.</param>
/// <param name="MeanMs">Mean duration in milliseconds.</param>
/// <param name="Hops">Its parts, in the order of the hops' names; they never sum up to more than the mean.</param>
public sealed record HopStep(DateTimeOffset From, long Operations, double MeanMs, IReadOnlyList<HopShare> Hops);

/// <summary>The hops of one series by step of time: from the records where the window is short, from the hourly roll-ups where it is long.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class BreakdownReader(TenantDb db)
{
    private static readonly string SelectExactly = $"""
        select date_bin($5, o.at, $2), {RollupSums.Columns} from operations o
        where o.tenant_id = $1 and o.at >= $2 and o.at < $3 and o.series = any($4) and o.outcome = 'ok' and o.hop_us is not null
        group by 1 order by 1
        """;

    /// <summary>The hops of a series by step.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="from">Start of the window; with <see cref="LatencyMethod.Sketch"/> a full hour (UTC).</param>
    /// <param name="to">Its end; with <see cref="LatencyMethod.Sketch"/> a full hour.</param>
    /// <param name="step">Length of a step; with <see cref="LatencyMethod.Sketch"/> full hours.</param>
    /// <param name="series">Whose hops; those of a class hold the floor's.</param>
    /// <param name="method">How. The means are exact either way.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<HopStep>> ReadAsync(
        Tenant tenant, DateTimeOffset from, DateTimeOffset to, TimeSpan step, string series, LatencyMethod method, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        string[] recorded = [.. LatencyBudgets.All.Select(budget => budget.Series).Where(each => LatencyBudgets.SeriesOf(each).Contains(series))];
        await using var batch = db.Batch(tenant);
        if (method == LatencyMethod.Sketch)
            RollupReader.AddHops(batch, tenant, from, to, recorded);
        else
            batch.Add(SelectExactly, Sql.Uuid(tenant.Id), Sql.Time(from), Sql.Time(to), Sql.Texts(recorded), Sql.Interval(step));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var steps = new SortedDictionary<DateTimeOffset, (long Operations, long TotalUs, long[] HopUs)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var at = reader.GetFieldValue<DateTimeOffset>(0);
            Add(steps, from + (step * Math.Floor((at - from) / step)), reader);
        }

        return [.. steps.Select(each => StepOf(each.Key, each.Value.Operations, each.Value.TotalUs, each.Value.HopUs))];
    }

    private static void Add(SortedDictionary<DateTimeOffset, (long Operations, long TotalUs, long[] HopUs)> steps, DateTimeOffset at, NpgsqlDataReader reader)
    {
        // Records without hops are in no mean; a roll-up of such alone has a total of nothing.
        if (reader.GetInt64(3) == 0)
            return;
        var sum = steps.TryGetValue(at, out var known) ? known : (0, 0, new long[HopNames.Count]);
        var hops = reader.GetFieldValue<long[]>(4);
        for (var i = 0; i < Math.Min(hops.Length, sum.HopUs.Length); i++)
            sum.HopUs[i] += hops[i];
        steps[at] = (sum.Operations + reader.GetInt64(1), sum.TotalUs + reader.GetInt64(3), sum.HopUs);
    }

    private static HopStep StepOf(DateTimeOffset from, long operations, long totalUs, long[] hopUs) => new(
        from, operations, Ms(totalUs, operations),
        [.. hopUs.Select((us, i) => (Hop: HopNames.Of((Hop)i), Us: us)).Where(hop => hop.Us > 0).Select(hop => new HopShare(hop.Hop, Ms(hop.Us, operations)))]);

    private static double Ms(long us, long operations) => Math.Round((double)us / operations) / 1000;
}
