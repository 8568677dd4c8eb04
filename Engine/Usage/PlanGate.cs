using System.Collections.Concurrent;
using Engram.Engine.Database;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Engine.Usage;

/// <summary>
/// Refuses what a plan does not include. A request pays a comparison in memory: what a tenant uses is read when its first request comes in,
/// and again in the background when the figures are older than <see cref="Staleness"/>. What this process does counts at once, what others
/// do within that time and the two seconds the meter takes; so a limit can be passed by a few seconds' worth, never by more.
/// </summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="plans">What plans include, by name. A plan without limits costs nothing here.</param>
/// <param name="time">Tells the period.</param>
/// <param name="log">Tells of figures that could not be read.</param>
public sealed class PlanGate(TenantDb db, IOptionsMonitor<PlanOptions> plans, TimeProvider time, ILogger<PlanGate> log)
{
    /// <summary>How old the figures may be before they are read again.</summary>
    public static readonly TimeSpan Staleness = TimeSpan.FromSeconds(5);

    private const string Read = """
        select (select coalesce(sum(memories), 0)::bigint from bucket_counters where tenant_id = $1),
            coalesce(sum(memories) filter (where operation = 'store'), 0)::bigint,
            coalesce(sum(requests) filter (where operation = 'query'), 0)::bigint
        from usage_daily where tenant_id = $1 and day >= $2
        """;

    private readonly ConcurrentDictionary<Tenant, Figures> _figures = new();

    /// <summary>Refuses to store so many memories if the plan does not include them; otherwise counts them.</summary>
    /// <exception cref="EngramException">The plan's limit is reached (<see cref="FailureKind.QuotaExceeded"/>).</exception>
    public ValueTask DemandStoreAsync(Tenant tenant, string plan, int memories, CancellationToken cancellationToken = default)
    {
        var limits = plans.Get(plan);
        return limits.Memories is null && limits.Writes is null
            ? ValueTask.CompletedTask
            : new ValueTask(DemandAsync(tenant, figures =>
            {
                Check(limits.Memories, figures.Memories, memories, $"The plan '{plan}' includes {limits.Memories} memories", "are stored. Delete some, or change the plan.", null);
                Check(limits.Writes, figures.Writes, memories, $"The plan '{plan}' includes {limits.Writes} stored memories a month", "were stored", PeriodEnd());
                figures.Memories += memories;
                figures.Writes += memories;
            }, cancellationToken));
    }

    /// <summary>Refuses a query if the plan does not include it; otherwise counts it.</summary>
    /// <exception cref="EngramException">The plan's limit is reached (<see cref="FailureKind.QuotaExceeded"/>).</exception>
    public ValueTask DemandQueryAsync(Tenant tenant, string plan, CancellationToken cancellationToken = default)
    {
        var limits = plans.Get(plan);
        return limits.Queries is null
            ? ValueTask.CompletedTask
            : new ValueTask(DemandAsync(tenant, figures =>
            {
                Check(limits.Queries, figures.Queries, 1, $"The plan '{plan}' includes {limits.Queries} queries a month", "were made", PeriodEnd());
                figures.Queries++;
            }, cancellationToken));
    }

    private async Task DemandAsync(Tenant tenant, Action<Figures> check, CancellationToken cancellationToken)
    {
        var figures = _figures.GetOrAdd(tenant, static _ => new Figures());
        var now = time.GetUtcNow();
        if (figures.ReadAt is not { } readAt || readAt.Month != now.Month)
            await RefreshAsync(tenant, figures, cancellationToken);
        else if (now - readAt >= Staleness && figures.TryBeginRefresh())
            _ = RefreshInBackgroundAsync(tenant, figures);
        lock (figures.Gate)
            check(figures);
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

        public long Memories { get; set; }

        public long Writes { get; set; }

        public long Queries { get; set; }

        public bool TryBeginRefresh() => Interlocked.Exchange(ref _refreshing, 1) == 0;

        public void EndRefresh() => Volatile.Write(ref _refreshing, 0);
    }
}
