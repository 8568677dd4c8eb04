using Engram.Engine.Database;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Latency;

/// <summary>One of the platform's four numbers.</summary>
/// <param name="Class">The class.</param>
/// <param name="P95Ms">p95 in milliseconds over the window; null without samples.</param>
/// <param name="P95BudgetMs">The budget it is held to.</param>
/// <param name="WithinBudget">Whether it is; null without samples.</param>
/// <param name="Samples">Right-shaped answers it is taken over.</param>
/// <param name="Excluded">Operations that are not in it, cutoffs among them.</param>
/// <param name="Cutoffs">Of these, those that were not done after the cutoff.</param>
/// <param name="BoundedBy">One sentence on what bounds its upper end.</param>
public sealed record PublicNumber(
    string Class, double? P95Ms, double P95BudgetMs, bool? WithinBudget, long Samples, long Excluded, long Cutoffs, string BoundedBy);

/// <summary>The platform's numbers, one per class, over the closed hours of a window.</summary>
/// <param name="From">Start of the window.</param>
/// <param name="To">Its end.</param>
/// <param name="Numbers">The four.</param>
public sealed record PublicNumbers(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<PublicNumber> Numbers);

/// <summary>
/// The four numbers of the whole platform, for anybody. They come from roll-ups that hold no tenant, and are read from the database once a minute,
/// however many ask.
/// </summary>
/// <param name="db">The door that spans tenants.</param>
/// <param name="options">Whether they are published.</param>
/// <param name="time">Tells the window.</param>
public sealed class PublicLatency(SystemDb db, IOptions<OperationOptions> options, TimeProvider time) : IDisposable
{
    /// <summary>How long an answer stays.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Window = TimeSpan.FromDays(7);
    private static readonly TimeSpan FromRecords = TimeSpan.FromHours(3);

    // What is in no roll-up yet is summed up from the records, so that a new deployment has numbers at once; but only of the last hours, for where
    // no Worker runs that would be everything.
    private static readonly string Select = $"""
        with hours as materialized (
            select hour, hour + interval '1 hour' as ends, written = rolled_up or sealed as done from engram.operation_hours where hour >= $1
        )
        select p.series, null::int, p.samples, p.excluded, p.cutoffs, p.sketch from engram.platform_rollups p join hours h on h.hour = p.hour and h.done
        union all
        select o.*, null
        from hours h cross join lateral (
            select o.series, case when o.outcome = 'ok' then {RollupSums.BucketOf("$2")} end,
                count(*) filter (where o.outcome = 'ok'), count(*) filter (where o.outcome <> 'ok'), count(*) filter (where o.outcome = 'cutoff')
            from engram.operations o where o.at >= h.hour and o.at < h.ends and o.at >= $3
            group by 1, 2
        ) o
        where not h.done and h.hour >= $3
        """;

    private readonly SemaphoreSlim _reading = new(1);
    private (DateTimeOffset At, PublicNumbers Numbers)? _last;

    /// <summary>The numbers, at most <see cref="KeptFor"/> old; null where they are not published.</summary>
    /// <param name="cancellationToken">Cancels the wait.</param>
    public async ValueTask<PublicNumbers?> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (!options.Value.PublicNumbers)
            return null;
        if (Fresh() is { } known)
            return known;
        await _reading.WaitAsync(cancellationToken);
        try
        {
            if (Fresh() is { } read)
                return read;
            var numbers = await QueryAsync(cancellationToken);
            _last = (time.GetUtcNow(), numbers);
            return numbers;
        }
        finally
        {
            _reading.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reading.Dispose();

    private PublicNumbers? Fresh() => _last is { } last && time.GetUtcNow() - last.At < KeptFor ? last.Numbers : null;

    private async Task<PublicNumbers> QueryAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        // Full hours: one that has begun to leave the window is still summed up whole.
        var (from, recorded) = (OperationRows.HourOf(now - Window), OperationRows.HourOf(now - FromRecords));
        var sums = new Dictionary<string, (DurationSketch Sketch, long Excluded, long Cutoffs)>(StringComparer.Ordinal);
        await using var command = db.Command(Select, Sql.Time(from), new Npgsql.NpgsqlParameter<long[]> { TypedValue = DurationSketch.Bounds }, Sql.Time(recorded));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            // A roll-up has the floor among the reads already.
            var isRollup = !reader.IsDBNull(5);
            foreach (var series in isRollup ? [reader.GetString(0)] : LatencyBudgets.SeriesOf(reader.GetString(0)))
            {
                var sum = sums.TryGetValue(series, out var known) ? known : (Sketch: new DurationSketch(), 0, 0);
                if (isRollup)
                    sum.Sketch.Merge(DurationSketch.FromBytes(reader.GetFieldValue<byte[]>(5)));
                else if (!reader.IsDBNull(1))
                    sum.Sketch.AddToBucket(reader.GetInt32(1), reader.GetInt64(2));
                sums[series] = (sum.Sketch, sum.Excluded + reader.GetInt64(3), sum.Cutoffs + reader.GetInt64(4));
            }
        }

        return new PublicNumbers(from, now, [.. LatencyBudgets.All.Where(b => b.Series == OpNames.Of(b.Class)).Select(b => NumberOf(b, sums.GetValueOrDefault(b.Series)))]);
    }

    private static PublicNumber NumberOf(LatencyBudget budget, (DurationSketch? Sketch, long Excluded, long Cutoffs) sum)
    {
        double? p95 = sum.Sketch?.Quantile(0.95) is { } us ? Math.Round(us / 1000, 3) : null;
        return new PublicNumber(
            budget.Series, p95, budget.P95Ms, p95 is { } measured ? measured <= budget.P95Ms : null, sum.Sketch?.Count ?? 0, sum.Excluded, sum.Cutoffs, budget.BoundedBy);
    }
}
