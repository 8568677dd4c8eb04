using System.Collections.Concurrent;
using Engram.Engine.Database;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.Engine.Usage;

/// <summary>
/// Refuses what is beyond a plan's hard limits, and tells when 80 % and 100 % of what it includes are passed. A request pays a comparison in
/// memory: what a tenant uses is read when its first request comes in, and again in the background when the figures are older than
/// <see cref="Staleness"/>. What this process does counts at once, what others do within that time and the two seconds the meter takes; so a
/// limit can be passed by a few seconds' worth, never by more.
/// </summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="plans">What plans include. A plan without limits costs nothing here.</param>
/// <param name="marks">Writes down what is passed.</param>
/// <param name="time">Tells the period.</param>
/// <param name="log">Tells of figures that could not be read.</param>
public sealed class PlanGate(TenantDb db, Plans plans, UsageMarks marks, TimeProvider time, ILogger<PlanGate> log)
{
    /// <summary>How old the figures may be before they are read again.</summary>
    public static readonly TimeSpan Staleness = TimeSpan.FromSeconds(5);

    private const string Read = """
        select (select coalesce(sum(memories), 0)::bigint from bucket_counters where tenant_id = $1),
            coalesce(sum(memories) filter (where operation = 'store'), 0)::bigint,
            coalesce(sum(requests) filter (where operation = 'query'), 0)::bigint
        from usage_daily where tenant_id = $1 and day >= $2
        """;

    private const string CountBuckets = "select count(*) from buckets where tenant_id = $1";

    private readonly ConcurrentDictionary<Tenant, Figures> _figures = new();

    /// <summary>Refuses to store so many memories if the plan does not allow them; otherwise counts them until it is known how many were stored.</summary>
    /// <returns>To be disposed when the store has ended; what was not stored is given back.</returns>
    /// <exception cref="EngramException">The plan's hard limit is reached (<see cref="FailureKind.QuotaExceeded"/>).</exception>
    public async ValueTask<PlanShare> DemandStoreAsync(Tenant tenant, string plan, int memories, CancellationToken cancellationToken = default)
    {
        var limits = await plans.GetAsync(plan, cancellationToken);
        if (limits is { Memories: null, Writes: null })
            return new PlanShare(null, limits.HardLimit(limits.Buckets), null, 0);
        var figures = await FiguresAsync(tenant, cancellationToken);
        long stored, written;
        int reading;
        lock (figures.Gate)
        {
            Check(limits.HardLimit(limits.Memories), figures.Memories, memories, $"The plan '{plan}' includes {limits.Memories} memories", "are stored. Delete some, or change the plan.", null);
            Check(limits.HardLimit(limits.Writes), figures.Writes, memories, $"The plan '{plan}' includes {limits.Writes} stored memories a month", "were stored", PeriodEnd());
            figures.Memories += memories;
            figures.Writes += memories;
            (stored, written, reading) = (figures.Memories, figures.Writes, figures.Reading);
        }

        var warning = Join(marks.Pass(tenant, plan, "memories", limits.Memories, stored), marks.Pass(tenant, plan, "writes", limits.Writes, written));
        return new PlanShare(warning, limits.HardLimit(limits.Buckets), unused => GiveBack(figures, reading, unused), memories);
    }

    /// <summary>Refuses a query if the plan does not allow it; otherwise counts it.</summary>
    /// <returns>What to tell the caller; null below 80 %.</returns>
    /// <exception cref="EngramException">The plan's hard limit is reached (<see cref="FailureKind.QuotaExceeded"/>).</exception>
    public async ValueTask<string?> DemandQueryAsync(Tenant tenant, string plan, CancellationToken cancellationToken = default)
    {
        var limits = await plans.GetAsync(plan, cancellationToken);
        if (limits.Queries is null)
            return null;
        var figures = await FiguresAsync(tenant, cancellationToken);
        long queries;
        lock (figures.Gate)
        {
            Check(limits.HardLimit(limits.Queries), figures.Queries, 1, $"The plan '{plan}' includes {limits.Queries} queries a month", "were made", PeriodEnd());
            queries = ++figures.Queries;
        }

        return marks.Pass(tenant, plan, "queries", limits.Queries, queries);
    }

    /// <summary>Refuses a new bucket if the plan does not allow one more. Reads their number: buckets are seldom made.</summary>
    /// <returns>What to tell the caller; null below 80 %.</returns>
    /// <exception cref="EngramException">The plan's hard limit is reached (<see cref="FailureKind.QuotaExceeded"/>).</exception>
    public async ValueTask<string?> DemandBucketAsync(Tenant tenant, string plan, CancellationToken cancellationToken = default)
    {
        var limits = await plans.GetAsync(plan, cancellationToken);
        if (limits.Buckets is null)
            return null;
        await using var batch = db.Batch(tenant).Add(CountBuckets, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var buckets = reader.GetInt64(0);
        Check(limits.HardLimit(limits.Buckets), buckets, 1, $"The plan '{plan}' includes {limits.Buckets} buckets", "are there. Delete some, or change the plan.", null);
        return marks.Pass(tenant, plan, "buckets", limits.Buckets, buckets + 1);
    }

    private static string? Join(string? one, string? other) => one is null ? other : other is null ? one : $"{one}, {other}";

    /// <summary>Figures that were read since are right as they are.</summary>
    private static void GiveBack(Figures figures, int reading, int unused)
    {
        lock (figures.Gate)
        {
            if (figures.Reading != reading)
                return;
            figures.Memories -= unused;
            figures.Writes -= unused;
        }
    }

    private async ValueTask<Figures> FiguresAsync(Tenant tenant, CancellationToken cancellationToken)
    {
        var figures = _figures.GetOrAdd(tenant, static _ => new Figures());
        var now = time.GetUtcNow();
        if (figures.ReadAt is not { } readAt || readAt.Month != now.Month)
            await RefreshAsync(tenant, figures, cancellationToken);
        else if (now - readAt >= Staleness && figures.TryBeginRefresh())
            _ = RefreshInBackgroundAsync(tenant, figures);
        return figures;
    }

    private async Task RefreshInBackgroundAsync(Tenant tenant, Figures figures)
    {
        try
        {
            await RefreshAsync(tenant, figures, CancellationToken.None);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or ObjectDisposedException or InvalidOperationException)
        {
            log.PlanFiguresNotRead(e.GetType().Name);
        }
        finally
        {
            figures.EndRefresh();
        }
    }

    private async Task RefreshAsync(Tenant tenant, Figures figures, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var batch = db.Batch(tenant).Add(Read, Sql.Uuid(tenant.Id), Sql.Date(new DateOnly(now.Year, now.Month, 1)));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        lock (figures.Gate)
        {
            (figures.Memories, figures.Writes, figures.Queries) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
            figures.ReadAt = now;
            figures.Reading++;
        }
    }

    private DateTimeOffset PeriodEnd()
    {
        var now = time.GetUtcNow();
        return new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1);
    }

    private void Check(long? limit, long used, long more, string includes, string were, DateTimeOffset? end)
    {
        if (limit is null || used + more <= limit)
            return;
        var then = end is { } at ? $" A new month begins at {at:yyyy-MM-dd'T'HH:mm:ss'Z'}." : "";
        var asked = more > 1 ? $", and {more} more were to come" : "";
        throw new EngramException(FailureKind.QuotaExceeded, end is null ? $"{includes}; {used} {were}" : $"{includes}; {used} {were}{asked}.{then}")
        { RetryAfter = end - time.GetUtcNow() };
    }

    private sealed class Figures
    {
        private int _refreshing;

        public Lock Gate { get; } = new();

        public DateTimeOffset? ReadAt { get; set; }

        /// <summary>Counts the readings: what was reserved before one is not in the figures after it.</summary>
        public int Reading { get; set; }

        public long Memories { get; set; }

        public long Writes { get; set; }

        public long Queries { get; set; }

        public bool TryBeginRefresh() => Interlocked.Exchange(ref _refreshing, 1) == 0;

        public void EndRefresh() => Volatile.Write(ref _refreshing, 0);
    }
}

/// <summary>What a store may take of a plan. Disposing gives back what was not stored: a write that was rolled back counts nothing.</summary>
public sealed class PlanShare : IDisposable
{
    private readonly int _asked;
    private Action<int>? _giveBack;

    internal PlanShare(string? warning, long? bucketLimit, Action<int>? giveBack, int asked) =>
        (Warning, BucketLimit, _giveBack, _asked) = (warning, bucketLimit, giveBack, asked);

    /// <summary>What to tell the caller; null below 80 %.</summary>
    public string? Warning { get; }

    /// <summary>Buckets the tenant may have, or null.</summary>
    public long? BucketLimit { get; }

    /// <summary>Memories that were stored as new ones.</summary>
    public int Stored { get; set; }

    /// <inheritdoc/>
    public void Dispose() => Interlocked.Exchange(ref _giveBack, null)?.Invoke(_asked - Stored);
}
