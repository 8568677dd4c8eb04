using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Extraction;
using Engram.Engine.Latency;
using Npgsql;

namespace Engram.Engine.Memories;

/// <summary>
/// Deletes every memory of a bucket that matches a filter. A batch is a transaction: no lock is held for long, and what stops in the middle has deleted
/// whole memories only; doing it again goes on where it stopped.
/// </summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="time">The clock.</param>
public sealed class MatchingRemoval(TenantDb db, TimeProvider time)
{
    private const int BatchSize = 200;

    private const string DeletePostings = """
        delete from postings p
        using (
            select m.id, m.bucket_id, l.lexeme from memories m, unnest(to_tsvector(m.language::regconfig, m.content)) l where m.tenant_id = $1 and m.id = any($2)
        ) l
        where p.tenant_id = $1 and p.bucket_id = l.bucket_id and p.lexeme = l.lexeme and p.memory_id = l.id
        """;

    private const string Delete = "delete from memories where tenant_id = $1 and id = any($2)";

    /// <summary>Deletes what matches.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="filter">Which.</param>
    /// <param name="dryRun">Only count.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels after the batch under way.</param>
    /// <returns>How many memories were, or would be, deleted.</returns>
    /// <exception cref="EngramException">There is no such bucket.</exception>
    public async Task<long> DeleteAsync(
        Tenant tenant, string bucket, MemoryFilter filter, bool dryRun, OpTimer timer, CancellationToken cancellationToken = default)
    {
        if (!Guid.TryParse(bucket, out _))
            BucketName.Check(bucket);
        using var hop = timer.Measure(Hop.DbRead);
        var scope = await BucketScope.FindAsync(db, tenant, bucket, cancellationToken) ?? throw EngramException.NoBucket(bucket);
        // What is stored while this runs was not what somebody counted and meant.
        var until = time.GetUtcNow();
        if (dryRun)
            return await CountAsync(tenant, scope, filter, until, cancellationToken);
        long deleted = 0;
        int batch;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            batch = await DeleteBatchAsync(tenant, scope, filter, until, cancellationToken);
            deleted += batch;
        }
        while (batch == BatchSize);
        return deleted;
    }

    private static (string Condition, List<NpgsqlParameter> Parameters) Matching(Tenant tenant, BucketScope scope, MemoryFilter filter, DateTimeOffset until)
    {
        List<NpgsqlParameter> parameters = [Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id), Sql.Time(until)];
        return ("from memories m where m.tenant_id = $1 and m.bucket_id = $2 and m.created_at <= $3" + MemoryFilterSql.Append(filter, parameters), parameters);
    }

    private async Task<long> CountAsync(Tenant tenant, BucketScope scope, MemoryFilter filter, DateTimeOffset until, CancellationToken cancellationToken)
    {
        var (condition, parameters) = Matching(tenant, scope, filter, until);
        await using var batch = db.Batch(tenant).Add($"select count(*) {condition}", [.. parameters]);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetInt64(0);
    }

    private async Task<int> DeleteBatchAsync(Tenant tenant, BucketScope scope, MemoryFilter filter, DateTimeOffset until, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(tenant, cancellationToken);
        var (condition, parameters) = Matching(tenant, scope, filter, until);
        var ids = new List<Guid>(BatchSize);
        int lexemes = 0, bytes = 0;
        long vectors = 0;
        await using (var batch = transaction.Batch()
            .Add(MemoryRemoval.HoldBucket, Sql.Uuid(tenant.Id), Sql.Text(scope.Id.ToString()))
            .Add(
                $"""
                select m.id, m.lexeme_count, octet_length(m.content), (select count(*) from memory_vectors v where v.tenant_id = $1 and v.memory_id = m.id)
                {condition} order by m.id limit {BatchSize} for update of m
                """,
                [.. parameters]))
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                ids.Add(reader.GetGuid(0));
                (lexemes, bytes, vectors) = (lexemes + reader.GetInt32(1), bytes + reader.GetInt32(2), vectors + reader.GetInt64(3));
            }
        }

        if (ids.Count == 0)
            return 0;
        await TripleRemoval.RemoveAsync(transaction, tenant, [.. ids], cancellationToken);
        await using (var batch = transaction.Batch()
            .Add(DeletePostings, Sql.Uuid(tenant.Id), Sql.Uuids([.. ids]))
            .Add(Delete, Sql.Uuid(tenant.Id), Sql.Uuids([.. ids]))
            .Add(
                MemoryRemoval.Uncount, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id), Sql.Int(-ids.Count), Sql.Int(-lexemes), Sql.Long(-vectors), Sql.Int(-bytes),
                Sql.Time(time.GetUtcNow())))
        {
            await batch.ExecuteAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return ids.Count;
    }
}
