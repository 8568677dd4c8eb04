using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Extraction;
using Engram.Engine.Latency;

namespace Engram.Engine.Memories;

/// <summary>Deletes memories with everything that only they support: text, history, vectors, postings, jobs, triples, entities.</summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="time">The clock.</param>
public sealed class MemoryRemoval(TenantDb db, TimeProvider time)
{
    private const string Lock = """
        select m.bucket_id, m.lexeme_count, octet_length(m.content), m.version,
            (select count(*) from memory_vectors v where v.tenant_id = $1 and v.memory_id = m.id)
        from memories m join buckets b on b.tenant_id = m.tenant_id and b.id = m.bucket_id
        where m.tenant_id = $1 and m.id = $2 and (b.name = $3 or b.id::text = $3)
        for update of m
        """;

    // Before the memory: whoever clears or deletes the bucket locks the bucket first and its memories after it.
    internal const string HoldBucket = "select id from buckets where tenant_id = $1 and (name = $2 or id::text = $2) for key share";

    // The same text search that made the postings finds them again by their key.
    internal const string DeletePostings = """
        delete from postings p
        using (
            select m.bucket_id, l.lexeme from memories m, unnest(to_tsvector(m.language::regconfig, m.content)) l where m.tenant_id = $1 and m.id = $2
        ) l
        where p.tenant_id = $1 and p.bucket_id = l.bucket_id and p.lexeme = l.lexeme and p.memory_id = $2
        """;

    private const string Delete = "delete from memories where tenant_id = $1 and id = $2";

    internal const string Uncount = """
        insert into bucket_counters as c (tenant_id, bucket_id, shard, memories, lexemes, vectors, content_bytes, last_write_at)
        values ($1, $2, pg_backend_pid() % 4, $3, $4, $5, $6, $7)
        on conflict (tenant_id, bucket_id, shard) do update set
            memories = c.memories + excluded.memories, lexemes = c.lexemes + excluded.lexemes, vectors = c.vectors + excluded.vectors,
            content_bytes = c.content_bytes + excluded.content_bytes, last_write_at = greatest(c.last_write_at, excluded.last_write_at)
        """;

    // Waits for writers under way (their foreign key holds the bucket's row) and keeps new ones out until the end.
    private const string LockBucket = "select id from buckets where tenant_id = $1 and id = $2 for update";

    private static readonly string[] ClearStatements =
    [
        "delete from memories where tenant_id = $1 and bucket_id = $2",
        "delete from postings where tenant_id = $1 and bucket_id = $2",
        "delete from entities where tenant_id = $1 and bucket_id = $2",
        "delete from bucket_profiles where tenant_id = $1 and bucket_id = $2",
        "update bucket_counters set memories = 0, lexemes = 0, vectors = 0, content_bytes = 0 where tenant_id = $1 and bucket_id = $2",
    ];

    /// <summary>Deletes a memory.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="memoryId">The memory.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="onlyVersion">Delete only while this is its version; null for any.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <exception cref="EngramException">There is none, or it has another version.</exception>
    public async Task DeleteAsync(
        Tenant tenant, string bucket, Guid memoryId, OpTimer timer, int? onlyVersion = null, CancellationToken cancellationToken = default)
    {
        using var hop = timer.Measure(Hop.DbRead);
        await using var transaction = await db.BeginAsync(tenant, cancellationToken);
        Guid bucketId;
        int lexemes, bytes;
        long vectors;
        await using (var batch = transaction.Batch()
            .Add(HoldBucket, Sql.Uuid(tenant.Id), Sql.Text(bucket))
            .Add(Lock, Sql.Uuid(tenant.Id), Sql.Uuid(memoryId), Sql.Text(bucket)))
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.NextResultAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
                throw EngramException.NoMemory();
            if (onlyVersion is { } version && reader.GetInt32(3) != version)
                throw new EngramException(FailureKind.Conflict, "The memory was edited since; it is kept.", "undo_token");
            (bucketId, lexemes, bytes, vectors) = (reader.GetGuid(0), reader.GetInt32(1), reader.GetInt32(2), reader.GetInt64(4));
        }

        await TripleRemoval.RemoveAsync(transaction, tenant, [memoryId], cancellationToken);
        await using (var batch = transaction.Batch()
            .Add(DeletePostings, Sql.Uuid(tenant.Id), Sql.Uuid(memoryId))
            .Add(Delete, Sql.Uuid(tenant.Id), Sql.Uuid(memoryId))
            .Add(Uncount, Sql.Uuid(tenant.Id), Sql.Uuid(bucketId), Sql.Int(-1), Sql.Int(-lexemes), Sql.Long(-vectors), Sql.Int(-bytes), Sql.Time(time.GetUtcNow())))
        {
            await batch.ExecuteAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Deletes every memory of a bucket; the bucket stays.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="dryRun">Only count.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <returns>How many memories were, or would be, deleted.</returns>
    /// <exception cref="EngramException">There is no such bucket.</exception>
    public async Task<long> ClearAsync(Tenant tenant, string bucket, bool dryRun, OpTimer timer, CancellationToken cancellationToken = default)
    {
        if (!Guid.TryParse(bucket, out _))
            BucketName.Check(bucket);
        using var hop = timer.Measure(Hop.DbRead);
        var scope = await BucketScope.FindAsync(db, tenant, bucket, cancellationToken) ?? throw EngramException.NoBucket(bucket);
        if (dryRun)
            return scope.Memories;

        await using var batch = db.Batch(tenant).Add(LockBucket, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id));
        batch.Add("select count(*) from memories where tenant_id = $1 and bucket_id = $2", Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id));
        foreach (var statement in ClearStatements)
            batch.Add(statement, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw EngramException.NoBucket(bucket);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var cleared = reader.GetInt64(0);
        while (await reader.NextResultAsync(cancellationToken))
        {
            // The rest is done when the last result is read.
        }

        return cleared;
    }
}
