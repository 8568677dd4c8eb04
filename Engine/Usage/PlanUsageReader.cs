using Engram.Engine.Database;
using Engram.Engine.Latency;
using Npgsql;

namespace Engram.Engine.Usage;

/// <summary>Reads what a tenant uses of its plan, in one round trip.</summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="plans">What plans include.</param>
/// <param name="time">Tells the period.</param>
public sealed class PlanUsageReader(TenantDb db, Plans plans, TimeProvider time)
{
    private const string ByBucket = """
        select b.id, b.name, coalesce(c.memories, 0)::bigint, coalesce(c.bytes, 0)::bigint, coalesce(u.writes, 0)::bigint
        from buckets b
        left join lateral (
            select sum(memories) as memories, sum(content_bytes) as bytes
            from bucket_counters c where c.tenant_id = b.tenant_id and c.bucket_id = b.id
        ) c on true
        left join (
            select bucket_id, sum(memories) as writes from usage_daily
            where tenant_id = $1 and day >= $2 and operation = 'store' group by bucket_id
        ) u on u.bucket_id = b.id
        where b.tenant_id = $1
        order by b.name
        """;

    private const string ByKey = """
        select coalesce(u.key_id, l.key_id), coalesce(u.writes, 0)::bigint, coalesce(u.queries, 0)::bigint,
            coalesce(l.input_tokens, 0)::bigint, coalesce(l.output_tokens, 0)::bigint, coalesce(l.cost_usd, 0)
        from (
            select key_id, sum(memories) filter (where operation = 'store') as writes, sum(requests) filter (where operation = 'query') as queries
            from usage_daily where tenant_id = $1 and day >= $2 group by key_id
        ) u
        full join (
            select key_id, sum(input_tokens) as input_tokens, sum(output_tokens) as output_tokens, sum(cost_usd) as cost_usd
            from llm_usage_daily where tenant_id = $1 and day >= $2 group by key_id
        ) l using (key_id)
        order by 1
        """;

    private const string ByModel = """
        select day, provider, model, operation, role, sum(calls)::bigint, sum(faults)::bigint, sum(unpriced_calls)::bigint,
            sum(input_tokens)::bigint, sum(output_tokens)::bigint, sum(cost_usd)
        from llm_usage_daily where tenant_id = $1 and day >= $2 and day <= $3
        group by day, provider, model, operation, role order by day, provider, model, operation, role
        """;

    private const string SelectMarks = """
        select quantity, percent, used, included, reached_at from usage_marks where tenant_id = $1 and period = $2 order by reached_at, percent
        """;

    // What is asked by something else is one group, with nothing in its place.
    private const string Daily = """
        select day, operation, case when $4 then key_id end, case when $5 then nullif(bucket_id, '00000000-0000-0000-0000-000000000000') end,
            sum(requests)::bigint, sum(memories)::bigint
        from usage_daily where tenant_id = $1 and day >= $2 and day <= $3
        group by 1, 2, 3, 4 order by 1, 2, 3, 4
        """;

    /// <summary>Reads the usage of the current period.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="plan">The tenant's plan.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<PlanUsage> ReadAsync(Tenant tenant, string plan, OpTimer timer, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        var start = new DateTimeOffset(now.Year, now.Month, 1, 0, 0, 0, TimeSpan.Zero);
        var end = start.AddMonths(1);
        var limits = await plans.GetAsync(plan, cancellationToken);
        var marks = new List<UsageMark>();
        var buckets = new List<BucketUsage>();
        var keys = new List<KeyUsage>();
        var models = new List<LlmUsage>();
        using (timer.Measure(Hop.DbRead))
        {
            await using var batch = db.Batch(tenant)
                .Add(ByBucket, Sql.Uuid(tenant.Id), Sql.Date(DateOnly.FromDateTime(start.UtcDateTime)))
                .Add(ByKey, Sql.Uuid(tenant.Id), Sql.Date(DateOnly.FromDateTime(start.UtcDateTime)))
                .Add(ByModel, Sql.Uuid(tenant.Id), Sql.Date(DateOnly.FromDateTime(start.UtcDateTime)), Sql.Date(DateOnly.FromDateTime(end.UtcDateTime)))
                .Add(SelectMarks, Sql.Uuid(tenant.Id), Sql.Date(DateOnly.FromDateTime(start.UtcDateTime)));
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                buckets.Add(new BucketUsage(reader.GetGuid(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4)));
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                keys.Add(new KeyUsage(
                    reader.GetGuid(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetDecimal(5)));
            }

            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                models.Add(ReadModel(reader));
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                marks.Add(new UsageMark(reader.GetString(0), reader.GetInt32(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetFieldValue<DateTimeOffset>(4)));
        }

        var memories = buckets.Sum(bucket => bucket.Memories);
        var writes = keys.Sum(key => key.Writes);
        var queries = keys.Sum(key => key.Queries);
        var (input, output, cost) = (models.Sum(model => model.InputTokens), models.Sum(model => model.OutputTokens), models.Sum(model => model.CostUsd));
        return new PlanUsage(
            start,
            end,
            new Quota(memories, limits.Memories, limits.HardLimit(limits.Memories)),
            new Quota(buckets.Count, limits.Buckets, limits.HardLimit(limits.Buckets)),
            new Quota(writes, limits.Writes, limits.HardLimit(limits.Writes)),
            new Quota(queries, limits.Queries, limits.HardLimit(limits.Queries)),
            input,
            output,
            cost,
            buckets.Sum(bucket => bucket.StorageBytes),
            buckets,
            keys,
            models,
            marks,
            Project(memories, writes, queries, input, output, cost, (now - start) / (end - start)));
    }

    /// <summary>What was used, day by day, and what the tenant's models did and cost.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="from">First day, in UTC.</param>
    /// <param name="to">Last day.</param>
    /// <param name="by">By what days are divided beside the operation.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<(IReadOnlyList<DailyUsage> Days, IReadOnlyList<LlmUsage> Models)> DailyAsync(
        Tenant tenant, DateOnly from, DateOnly to, UsageDimension by, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = db.Batch(tenant)
            .Add(Daily, Sql.Uuid(tenant.Id), Sql.Date(from), Sql.Date(to), Sql.Bool(by == UsageDimension.Key), Sql.Bool(by == UsageDimension.Bucket))
            .Add(ByModel, Sql.Uuid(tenant.Id), Sql.Date(from), Sql.Date(to));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var days = new List<DailyUsage>();
        while (await reader.ReadAsync(cancellationToken))
        {
            days.Add(new DailyUsage(
                reader.GetFieldValue<DateOnly>(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetGuid(2), reader.IsDBNull(3) ? null : reader.GetGuid(3),
                reader.GetInt64(4), reader.GetInt64(5)));
        }

        await reader.NextResultAsync(cancellationToken);
        var models = new List<LlmUsage>();
        while (await reader.ReadAsync(cancellationToken))
            models.Add(ReadModel(reader));
        return (days, models);
    }

    private static LlmUsage ReadModel(NpgsqlDataReader reader) => new(
        reader.GetFieldValue<DateOnly>(0),
        reader.GetString(1),
        reader.GetString(2),
        reader.GetString(3),
        reader.GetString(4),
        reader.GetInt64(5),
        reader.GetInt64(6),
        reader.GetInt64(7),
        reader.GetInt64(8),
        reader.GetInt64(9),
        reader.GetDecimal(10));

    /// <summary>
    /// Straight on from the part of the period that has passed. The first twentieth of it says too little: it counts as a twentieth.
    /// </summary>
    internal static UsageProjection Project(long memories, long writes, long queries, long inputTokens, long outputTokens, decimal costUsd, double elapsed)
    {
        var factor = 1 / Math.Clamp(elapsed, 0.05, 1);
        var moreWrites = (long)Math.Round(writes * (factor - 1));
        return new UsageProjection(memories + moreWrites, writes + moreWrites, More(queries), More(inputTokens), More(outputTokens), Math.Round(costUsd * (decimal)factor, 6));

        long More(long soFar) => (long)Math.Round(soFar * factor);
    }
}
