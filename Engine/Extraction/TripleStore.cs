using Engram.Engine.Database;

namespace Engram.Engine.Extraction;

/// <summary>
/// Writes what was extracted. One transaction under the job's fence: either the job is done and its triples stand, or neither; doing it twice
/// changes nothing.
/// </summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="time">The clock.</param>
public sealed class TripleStore(TenantDb db, TimeProvider time)
{
    private const string Complete = """
        update jobs set state = 'done', finished_at = $4, leased_until = null, last_error = null, triples = $5
        where tenant_id = $1 and id = $2 and fence = $3 and state = 'running'
        """;

    private const string MarkExtracted = """
        update memories set extraction = 'extracted' where tenant_id = $1 and id = $2 and version = $3
        """;

    private const string OpenStatement = """
        select id from triples
        where tenant_id = $1 and bucket_id = $2 and subject_id = $3 and predicate = $4 and object_id = $5 and negated = $6
            and superseded_by is null and (valid_from is null or valid_from <= $7)
        order by created_at limit 1
        """;

    private const string Upsert = """
        insert into triples (tenant_id, bucket_id, id, subject_id, predicate, object_id, negated, single_valued, confidence, valid_from, valid_to, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        on conflict (tenant_id, bucket_id, subject_id, predicate, object_id, negated, valid_from)
        do update set confidence = greatest(triples.confidence, excluded.confidence)
        returning id
        """;

    private const string AddSource = """
        insert into triple_sources (tenant_id, triple_id, memory_id, span_start, span_length, extractor, confidence, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (tenant_id, triple_id, memory_id) do nothing
        """;

    // A denial ends what it denies.
    private const string EndDenied = """
        update triples set valid_to = $6, superseded_by = $7
        where tenant_id = $1 and bucket_id = $2 and subject_id = $3 and predicate = $4 and object_id = $5 and not negated
            and superseded_by is null and (valid_from is null or valid_from <= $6)
        """;

    // Of a single-valued predicate each statement is superseded by the next in time; computed anew, so the order of arrival does not matter.
    private const string Chain = """
        update triples t set superseded_by = c.next_id, valid_to = coalesce(c.next_from, t.valid_to)
        from (
            select id, lead(id) over w as next_id, lead(valid_from) over w as next_from
            from triples
            where tenant_id = $1 and bucket_id = $2 and subject_id = $3 and predicate = $4 and single_valued and not negated
            window w as (order by valid_from nulls first, created_at, id)
        ) c
        where t.tenant_id = $1 and t.id = c.id and c.next_id is not null and t.superseded_by is distinct from c.next_id
        """;

    /// <summary>Completes a job with its triples.</summary>
    /// <param name="job">The job, as claimed.</param>
    /// <param name="triples">Triples whose evidence was checked.</param>
    /// <param name="extractor">Who extracted them.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <returns>False where the lease was lost: nothing was written.</returns>
    public async Task<bool> CompleteAsync(
        ExtractionJob job, IReadOnlyList<ExtractedTriple> triples, string extractor, CancellationToken cancellationToken = default)
    {
        await using var transaction = await db.BeginAsync(job.Tenant, cancellationToken);
        if (!await CompleteJobAsync(transaction, job, triples.Count, cancellationToken))
            return false;
        if (triples.Count > 0)
        {
            var entities = await EntityRows.ResolveAsync(transaction, job.Tenant, job.BucketId, triples, cancellationToken);
            // In one order for every writer, so that two memories with the same facts wait for each other instead of deadlocking.
            foreach (var triple in triples.OrderBy(entities.SubjectOf).ThenBy(t => t.Predicate, StringComparer.Ordinal).ThenBy(entities.ObjectOf))
                await WriteAsync(transaction, job, triple, entities, extractor, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private async Task<bool> CompleteJobAsync(TenantTransaction transaction, ExtractionJob job, int triples, CancellationToken cancellationToken)
    {
        await using var batch = transaction.Batch()
            .Add(Complete, Sql.Uuid(job.Tenant.Id), Sql.Uuid(job.Id), Sql.Long(job.Fence), Sql.Time(time.GetUtcNow()), Sql.Int(triples))
            .Add(MarkExtracted, Sql.Uuid(job.Tenant.Id), Sql.Uuid(job.MemoryId), Sql.Int(job.MemoryVersion));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        // Both or neither: a job whose lease was lost, or whose memory was edited since, counts as one row or none.
        return reader.RecordsAffected == 2;
    }

    private async Task WriteAsync(
        TenantTransaction transaction, ExtractionJob job, ExtractedTriple triple, EntityRows entities, string extractor, CancellationToken cancellationToken)
    {
        var tenant = job.Tenant.Id;
        var subject = entities.SubjectOf(triple);
        var @object = entities.ObjectOf(triple);
        var now = time.GetUtcNow();
        // What holds one value at a time holds it from the event on, unless the text says since when.
        var from = triple.ValidFrom ?? (triple.SingleValued || triple.Negated ? job.Input.EventTime : null);

        Guid? id = null;
        if (triple.ValidFrom is null && from is { } start)
            id = await OpenStatementAsync(transaction, job, triple, subject, @object, start, cancellationToken);
        if (id is null)
        {
            await using var upsert = transaction.Batch().Add(
                Upsert, Sql.Uuid(tenant), Sql.Uuid(job.BucketId), Sql.Uuid(Guid.CreateVersion7(now)), Sql.Uuid(subject), Sql.Text(triple.Predicate),
                Sql.Uuid(@object), Sql.Bool(triple.Negated), Sql.Bool(triple.SingleValued), Sql.Real((float)triple.Confidence), Sql.Time(from), Sql.Time(triple.ValidTo),
                Sql.Time(now));
            await using var reader = await upsert.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            id = reader.GetGuid(0);
        }

        await using var batch = transaction.Batch().Add(
            AddSource, Sql.Uuid(tenant), Sql.Uuid(id.Value), Sql.Uuid(job.MemoryId), Sql.Int(triple.Evidence.Start), Sql.Int(triple.Evidence.Length),
            Sql.Text(extractor), Sql.Real((float)triple.Confidence), Sql.Time(now));
        if (triple.Negated)
        {
            batch.Add(
                EndDenied, Sql.Uuid(tenant), Sql.Uuid(job.BucketId), Sql.Uuid(subject), Sql.Text(triple.Predicate), Sql.Uuid(@object), Sql.Time(from!.Value), Sql.Uuid(id.Value));
        }
        else if (triple.SingleValued)
        {
            batch.Add(Chain, Sql.Uuid(tenant), Sql.Uuid(job.BucketId), Sql.Uuid(subject), Sql.Text(triple.Predicate));
        }

        await batch.ExecuteAsync(cancellationToken);
    }

    /// <summary>A repeated statement of what still holds supports the triple that is there.</summary>
    private static async Task<Guid?> OpenStatementAsync(
        TenantTransaction transaction, ExtractionJob job, ExtractedTriple triple, Guid subject, Guid @object, DateTimeOffset from, CancellationToken cancellationToken)
    {
        await using var batch = transaction.Batch().Add(
            OpenStatement, Sql.Uuid(job.Tenant.Id), Sql.Uuid(job.BucketId), Sql.Uuid(subject), Sql.Text(triple.Predicate), Sql.Uuid(@object),
            Sql.Bool(triple.Negated), Sql.Time(from));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetGuid(0) : null;
    }
}
