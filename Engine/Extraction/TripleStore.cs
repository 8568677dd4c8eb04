using Engram.Engine.Database;

namespace Engram.Engine.Extraction;

/// <summary>
/// Writes what was extracted. One transaction under the job's fence: either the job is done and its triples stand, or neither; doing it twice
/// changes nothing. Four round trips however many triples there are: while a Worker waits for the database, it keeps rows locked.
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

    // A repeated statement of what still holds supports the triple that is there; else the triple is made. Either way the memory becomes a source.
    private const string Support = """
        with held as (
            select id from triples
            where $13 and tenant_id = $1 and bucket_id = $2 and subject_id = $4 and predicate = $5 and object_id = $6 and negated = $7
                and superseded_by is null and (valid_from is null or valid_from <= $10)
            order by created_at limit 1
        ), made as (
            insert into triples (tenant_id, bucket_id, id, subject_id, predicate, object_id, negated, single_valued, confidence, valid_from, valid_to, created_at)
            select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 where not exists (select from held)
            on conflict (tenant_id, bucket_id, subject_id, predicate, object_id, negated, valid_from)
            do update set confidence = greatest(triples.confidence, excluded.confidence)
            returning id
        ), triple as (
            select id from held union all select id from made
        ), source as (
            insert into triple_sources (tenant_id, triple_id, memory_id, span_start, span_length, extractor, confidence, created_at)
            select $1, id, $14, $15, $16, $17, $9, $12 from triple
            on conflict (tenant_id, triple_id, memory_id) do nothing
        )
        """;

    private const string Write = $"{Support} select from triple";

    // A denial ends what it denies.
    private const string Deny = $"""
        {Support}
        update triples t set valid_to = $10, superseded_by = triple.id from triple
        where t.tenant_id = $1 and t.bucket_id = $2 and t.subject_id = $4 and t.predicate = $5 and t.object_id = $6 and not t.negated
            and t.superseded_by is null and (t.valid_from is null or t.valid_from <= $10)
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

    private const string HoldBucket = "select id from buckets where tenant_id = $1 and id = $2 for key share";

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
        var entities = new EntityRows(job.Tenant, job.BucketId, triples);
        if (!await CompleteJobAsync(transaction, job, triples.Count, entities, cancellationToken))
            return false;
        if (triples.Count > 0)
        {
            await entities.CreateMissingAsync(transaction, cancellationToken);
            await using var batch = transaction.Batch();
            entities.AddNames(batch);
            // In one order for every writer, so that two memories with the same facts wait for each other instead of deadlocking.
            foreach (var triple in triples.OrderBy(entities.SubjectOf).ThenBy(t => t.Predicate, StringComparer.Ordinal).ThenBy(entities.ObjectOf))
                Add(batch, job, triple, entities, extractor);
            await batch.ExecuteAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private async Task<bool> CompleteJobAsync(
        TenantTransaction transaction, ExtractionJob job, int triples, EntityRows entities, CancellationToken cancellationToken)
    {
        // The bucket before the memory and the memory before its job, in the order in which an edit, a deletion and a clear lock them: the other way
        // round each would wait for the other.
        await using var batch = transaction.Batch()
            .Add(HoldBucket, Sql.Uuid(job.Tenant.Id), Sql.Uuid(job.BucketId))
            .Add(MarkExtracted, Sql.Uuid(job.Tenant.Id), Sql.Uuid(job.MemoryId), Sql.Int(job.MemoryVersion))
            .Add(Complete, Sql.Uuid(job.Tenant.Id), Sql.Uuid(job.Id), Sql.Long(job.Fence), Sql.Time(time.GetUtcNow()), Sql.Int(triples));
        if (triples > 0)
            entities.AddLookup(batch);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        if (triples > 0)
            await entities.ReadLookupAsync(reader, cancellationToken);
        // Both or neither: a job whose lease was lost, or whose memory was edited since, counts as one row or none.
        await reader.CloseAsync();
        return reader.RecordsAffected == 2;
    }

    private void Add(TenantBatch batch, ExtractionJob job, ExtractedTriple triple, EntityRows entities, string extractor)
    {
        var tenant = job.Tenant.Id;
        var subject = entities.SubjectOf(triple);
        var now = time.GetUtcNow();
        // What holds one value at a time holds it from the event on, unless the text says since when.
        var from = triple.ValidFrom ?? (triple.SingleValued || triple.Negated ? job.Input.EventTime : null);
        var mayBeHeld = triple.ValidFrom is null && from is not null;
        batch.Add(
            triple.Negated ? Deny : Write,
            Sql.Uuid(tenant), Sql.Uuid(job.BucketId), Sql.Uuid(Guid.CreateVersion7(now)), Sql.Uuid(subject), Sql.Text(triple.Predicate),
            Sql.Uuid(entities.ObjectOf(triple)), Sql.Bool(triple.Negated), Sql.Bool(triple.SingleValued), Sql.Real((float)triple.Confidence),
            Sql.Time(from), Sql.Time(triple.ValidTo), Sql.Time(now), Sql.Bool(mayBeHeld), Sql.Uuid(job.MemoryId),
            Sql.Int(triple.Evidence.Start), Sql.Int(triple.Evidence.Length), Sql.Text(extractor));
        if (triple.SingleValued && !triple.Negated)
            batch.Add(Chain, Sql.Uuid(tenant), Sql.Uuid(job.BucketId), Sql.Uuid(subject), Sql.Text(triple.Predicate));
    }
}
