using System.Collections.Concurrent;
using Engram.Engine.Database;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.Engine.Usage;

/// <summary>That a tenant passed a part of what its plan includes.</summary>
/// <param name="Quantity"><c>memories</c>, <c>buckets</c>, <c>writes</c> or <c>queries</c>.</param>
/// <param name="Percent">80 or 100.</param>
/// <param name="Used">What was used then.</param>
/// <param name="Included">What the plan included.</param>
/// <param name="ReachedAt">When it was seen.</param>
public sealed record UsageMark(string Quantity, int Percent, long Used, long Included, DateTimeOffset ReachedAt);

/// <summary>Writes a mark down the first time in a month, with an entry in the audit; whoever passes it does not wait.</summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="time">The clock.</param>
/// <param name="log">Tells of marks that could not be written.</param>
public sealed class UsageMarks(TenantDb db, TimeProvider time, ILogger<UsageMarks> log)
{
    /// <summary>The marks, in percent of what is included.</summary>
    internal static readonly int[] Percents = [80, 100];

    // The primary key lets one of all processes write the mark, and the entry goes with it.
    private const string Insert = """
        with fresh as (
            insert into usage_marks (tenant_id, period, quantity, percent, used, included, plan, reached_at)
            values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning quantity, percent, used, included, plan
        )
        insert into audit_entries (tenant_id, id, at, actor, key_id, key_prefix, ip, action, target, before, after, request_id)
        select $1, $9, $8, 'engram', $10, '', null, 'usage.mark', 'plan:' || plan, null,
            jsonb_build_object('quantity', quantity, 'percent', percent, 'used', used, 'included', included), $10
        from fresh
        """;

    private readonly ConcurrentDictionary<(Tenant Tenant, DateOnly Period, string Quantity, int Percent), bool> _seen = new();

    /// <summary>Looks whether a mark is passed. Costs a comparison while none is.</summary>
    /// <returns>What to tell the caller, such as <c>writes=83%</c>; null below the first mark.</returns>
    internal string? Pass(Tenant tenant, string plan, string quantity, long? included, long used)
    {
        if (included is not { } limit || used * 100 < limit * Percents[0])
            return null;
        var now = time.GetUtcNow();
        foreach (var percent in Percents)
        {
            var key = (tenant, new DateOnly(now.Year, now.Month, 1), quantity, percent);
            if (used * 100 >= limit * percent && _seen.TryAdd(key, true))
                _ = WriteAsync(key, plan, used, limit, now);
        }

        return limit == 0 ? $"{quantity}=100%" : $"{quantity}={used * 100 / limit}%";
    }

    private async Task WriteAsync((Tenant Tenant, DateOnly Period, string Quantity, int Percent) key, string plan, long used, long included, DateTimeOffset now)
    {
        try
        {
            await using var batch = db.Batch(key.Tenant).Add(
                Insert, Sql.Uuid(key.Tenant.Id), Sql.Date(key.Period), Sql.Text(key.Quantity), Sql.Int(key.Percent), Sql.Long(used), Sql.Long(included),
                Sql.Text(plan), Sql.Time(now), Sql.Uuid(Guid.CreateVersion7(now)), Sql.Uuid(Guid.Empty));
            await batch.ExecuteAsync();
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or ObjectDisposedException or InvalidOperationException)
        {
            // The next request that is beyond the mark tries again.
            _seen.TryRemove(key, out _);
            log.UsageMarkNotWritten(e.GetType().Name);
        }
    }
}
