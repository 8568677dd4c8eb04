using Engram.Engine.Database;
using Engram.Engine.Recall;
using Npgsql;

namespace Engram.Engine.Embeddings;

/// <summary>
/// Brings the buckets from one embedding model to another, over all tenants. A bucket is swept: what lacks the vectors of the tenant's model is noted. When
/// nothing is missing any more it is settled: its queries turn to the new vectors, and those that nobody wants are deleted. Until then the local
/// encoder's vectors, which every memory has, answer.
/// </summary>
/// <param name="db">The door that spans tenants.</param>
/// <param name="tenants">The door to tenant rows.</param>
/// <param name="time">The clock.</param>
public sealed class BucketVectors(SystemDb db, TenantDb tenants, TimeProvider time)
{
    private const int DeletedAtOnce = 2_000;

    // Far longer than a store's transaction is open, and than two hosts' clocks are apart.
    private static readonly TimeSpan StillUnderWay = TimeSpan.FromMinutes(5);

    private const string TryLock = "select pg_try_advisory_lock(hashtextextended('engram bucket vectors', 0))";
    private const string Unlock = "select pg_advisory_unlock(hashtextextended('engram bucket vectors', 0))";

    private const string Due = """
        select b.tenant_id, b.id, r.space, b.own_swept is distinct from r.space
        from model_roles r join buckets b on b.tenant_id = r.tenant_id
        where r.role = 'embed' and (b.own_swept is distinct from r.space or (not b.vectors_settled and not exists (
            select from pending_vectors p where p.tenant_id = b.tenant_id and p.bucket_id = b.id and p.model = r.space and not p.refused)))
        union all
        select b.tenant_id, b.id, null, b.own_swept is not null from buckets b
        where (b.own_swept is not null or not b.vectors_settled) and not exists (select from model_roles r where r.tenant_id = b.tenant_id and r.role = 'embed')
        limit 200
        """;

    private const string DeleteOthersPending = "delete from pending_vectors where tenant_id = $1 and bucket_id = $2 and model is distinct from $3";

    private const string NoteMissing = """
        insert into pending_vectors (tenant_id, model, memory_id, bucket_id)
        select $1, $3, m.id, $2 from memories m
        where m.tenant_id = $1 and m.bucket_id = $2 and m.created_at > $4
            and not exists (select from memory_vectors v where v.tenant_id = $1 and v.bucket_id = $2 and v.model = $3 and v.memory_id = m.id)
        on conflict do nothing
        """;

    // Waits for stores under way: they began before the tenant's model was set, and may neither have its vectors nor have noted that.
    private const string LockBucket = "select id from buckets where tenant_id = $1 and id = $2 for update";

    private const string SetSwept = """
        update buckets set own_swept = $3, vectors_settled = false,
            own_model = case when own_model = $3 then own_model end, own_index = case when own_swept = $3 then own_index end
        where tenant_id = $1 and id = $2
        """;

    private const string Switch = """
        update buckets b set own_model = $3
        where tenant_id = $1 and id = $2 and own_swept = $3
            and not exists (select from pending_vectors p where p.tenant_id = $1 and p.bucket_id = $2 and p.model = $3 and not p.refused)
            and (own_index is not null or (select count(*) from (
                select from memory_vectors v where v.tenant_id = $1 and v.bucket_id = $2 and v.model = $3 limit $4) enough) < $4)
        returning id
        """;

    private const string DeleteOthers = """
        with gone as (
            delete from memory_vectors v using (
                select memory_id, model, chunk from memory_vectors
                where tenant_id = $1 and bucket_id = $2 and strpos(model, '/') > 0 and model is distinct from $3 limit $4
            ) o
            where v.tenant_id = $1 and v.bucket_id = $2 and v.model = o.model and v.memory_id = o.memory_id and v.chunk = o.chunk
            returning 1
        ), n as (
            select count(*) as gone from gone
        ), counted as (
            update bucket_counters c set vectors = c.vectors - n.gone from n
            where c.tenant_id = $1 and c.bucket_id = $2 and c.shard = (select min(shard) from bucket_counters where tenant_id = $1 and bucket_id = $2)
        )
        select gone from n
        """;

    private const string SetSettled = "update buckets set vectors_settled = true where tenant_id = $1 and id = $2 and own_swept is not distinct from $3";

    /// <summary>Sweeps and settles what is due. One Worker at a time does it.</summary>
    /// <param name="crossover">Vectors from which a bucket needs its index before its queries turn to it.</param>
    /// <param name="cancellationToken">Cancels between two statements; what is done is done.</param>
    /// <returns>How many buckets were brought further.</returns>
    public async Task<int> MaintainAsync(int crossover = VectorIndexes.Crossover, CancellationToken cancellationToken = default)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        await using (var tryLock = new NpgsqlCommand(TryLock, connection))
        {
            if (await tryLock.ExecuteScalarAsync(cancellationToken) is not true)
                return 0;
        }

        try
        {
            var moved = 0;
            foreach (var (tenant, bucket, space, isUnswept) in await FindDueAsync(connection, cancellationToken))
            {
                if (isUnswept)
                    await SweepAsync(tenant, bucket, space, cancellationToken);
                else if (!await SettleAsync(tenant, bucket, space, crossover, cancellationToken))
                    continue;
                moved++;
            }

            return moved;
        }
        finally
        {
            await using var unlock = new NpgsqlCommand(Unlock, connection);
            await unlock.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    private async Task SweepAsync(Tenant tenant, Guid bucket, string? space, CancellationToken cancellationToken)
    {
        // All of it without a lock, and under the lock only what was stored meanwhile: stores must not wait for a large bucket's sweep.
        var begun = time.GetUtcNow();
        await using (var first = tenants.Batch(tenant).Add(DeleteOthersPending, Sql.Uuid(tenant.Id), Sql.Uuid(bucket), Sql.NullableText(space)))
        {
            if (space is not null)
                first.Add(NoteMissing, Sql.Uuid(tenant.Id), Sql.Uuid(bucket), Sql.Text(space), Sql.Time(DateTimeOffset.UnixEpoch));
            await first.ExecuteAsync(cancellationToken);
        }

        await using var second = tenants.Batch(tenant).Add(LockBucket, Sql.Uuid(tenant.Id), Sql.Uuid(bucket));
        if (space is not null)
            second.Add(NoteMissing, Sql.Uuid(tenant.Id), Sql.Uuid(bucket), Sql.Text(space), Sql.Time(begun - StillUnderWay));
        second.Add(SetSwept, Sql.Uuid(tenant.Id), Sql.Uuid(bucket), Sql.NullableText(space));
        await second.ExecuteAsync(cancellationToken);
    }

    /// <returns>False where the bucket waits for its index.</returns>
    private async Task<bool> SettleAsync(Tenant tenant, Guid bucket, string? space, int crossover, CancellationToken cancellationToken)
    {
        if (space is not null)
        {
            await using var turn = tenants.Batch(tenant).Add(Switch, Sql.Uuid(tenant.Id), Sql.Uuid(bucket), Sql.Text(space), Sql.Int(crossover));
            await using var reader = await turn.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
                return false;
        }

        while (await DeleteSomeOthersAsync(tenant, bucket, space, cancellationToken) == DeletedAtOnce)
        {
            // A little at a time, so that nobody who stores into the bucket waits long for its counters.
        }

        await using var settled = tenants.Batch(tenant).Add(SetSettled, Sql.Uuid(tenant.Id), Sql.Uuid(bucket), Sql.NullableText(space));
        await settled.ExecuteAsync(cancellationToken);
        return true;
    }

    private async Task<long> DeleteSomeOthersAsync(Tenant tenant, Guid bucket, string? space, CancellationToken cancellationToken)
    {
        await using var delete = tenants.Batch(tenant).Add(DeleteOthers, Sql.Uuid(tenant.Id), Sql.Uuid(bucket), Sql.NullableText(space), Sql.Int(DeletedAtOnce));
        await using var reader = await delete.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetInt64(0);
    }

    private static async Task<List<(Tenant Tenant, Guid Bucket, string? Space, bool IsUnswept)>> FindDueAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var due = new List<(Tenant, Guid, string?, bool)>();
        await using var command = new NpgsqlCommand(Due, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            due.Add((new Tenant(reader.GetGuid(0)), reader.GetGuid(1), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetBoolean(3)));
        return due;
    }
}
