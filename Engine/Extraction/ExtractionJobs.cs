using Engram.Engine.Audit;
using Engram.Engine.Database;

namespace Engram.Engine.Extraction;

/// <summary>A job as its tenant sees it in the queue.</summary>
/// <param name="Report">What it gave, or why it has not given anything.</param>
/// <param name="BucketName">Bucket of its memory.</param>
/// <param name="CreatedAt">When it was queued.</param>
/// <param name="FinishedAt">When it was done or given up; null before.</param>
public sealed record QueuedJob(ExtractionReport Report, string BucketName, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt);

/// <summary>The queue of a tenant as a whole.</summary>
/// <param name="Queued">Jobs that wait for a Worker.</param>
/// <param name="Retrying">Of these, jobs that failed before and wait for their next attempt.</param>
/// <param name="Running">Jobs a Worker holds.</param>
/// <param name="Dead">Jobs nobody tries again by themselves.</param>
/// <param name="OldestQueuedAt">When the oldest waiting job was queued; null where none waits.</param>
public sealed record QueueDepth(long Queued, long Retrying, long Running, long Dead, DateTimeOffset? OldestQueuedAt);

/// <summary>A tenant's view of its extraction jobs: what became of each, and a second chance for those that failed.</summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="wakeUp">Tells the Worker that there is work.</param>
/// <param name="time">The clock.</param>
public sealed class ExtractionJobs(TenantDb db, WakeUp wakeUp, TimeProvider time)
{
    /// <summary>Most jobs of one page.</summary>
    public const int MaxPage = 200;

    private const string ByMemory = $"""
        select distinct on (j.memory_id) {ExtractionReport.Columns} from jobs j
        where j.tenant_id = $1 and j.memory_id = any($2) order by j.memory_id, j.memory_version desc
        """;

    private const string Page = $"""
        select {ExtractionReport.Columns}, b.name, j.created_at, j.finished_at from jobs j
        join buckets b on b.tenant_id = j.tenant_id and b.id = j.bucket_id
        where j.tenant_id = $1 and ($2::text is null or j.state = $2) and ($3::uuid is null or j.id < $3)
        order by j.id desc limit $4
        """;

    private const string Depth = """
        select count(*) filter (where state = 'queued'), count(*) filter (where state = 'queued' and last_error is not null),
            count(*) filter (where state = 'running'), count(*) filter (where state = 'dead'), min(created_at) filter (where state = 'queued')
        from jobs where tenant_id = $1 and state in ('queued', 'running', 'dead')
        """;

    // The fence moves on: a Worker that holds the job can no longer complete it, and learns so when it renews its lease.
    private const string Cancel = """
        with cancelled as (
            update jobs set state = 'dead', fence = fence + 1, leased_until = null, finished_at = $3, last_error = $4, fault = null
            where tenant_id = $1 and id = $2 and state in ('queued', 'running')
            returning memory_id, memory_version
        ), failed as (
            update memories m set extraction = 'failed' from cancelled c
            where m.tenant_id = $1 and m.id = c.memory_id and m.version = c.memory_version
        )
        select count(*) from cancelled
        """;

    private const string Settled = """
        select count(*) from memories m
        join jobs j on j.tenant_id = m.tenant_id and j.memory_id = m.id and j.memory_version = m.version
        where m.tenant_id = $1 and m.id = any($2) and m.extraction = 'pending' and not (j.state = 'queued' and j.run_after > $3)
        """;

    // One that waits for its next attempt is tried at once; one that runs or is done is left alone.
    private const string Again = """
        with again as (
            update jobs set state = 'queued', attempts = 0, run_after = $3, finished_at = null
            where tenant_id = $1 and ($2::uuid is null or id = $2) and (state = 'dead' or (state = 'queued' and last_error is not null and run_after > $3))
            returning memory_id, memory_version
        ), pending as (
            update memories m set extraction = 'pending' from again a
            where m.tenant_id = $1 and m.id = a.memory_id and m.version = a.memory_version
        )
        select count(*) from again
        """;

    /// <summary>The newest job of each memory. One round trip.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="memories">The memories.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyDictionary<Guid, ExtractionReport>> OfAsync(Tenant tenant, Guid[] memories, CancellationToken cancellationToken = default)
    {
        var reports = await ReadAsync(db.Batch(tenant).Add(ByMemory, Sql.Uuid(tenant.Id), Sql.Uuids(memories)), cancellationToken);
        return reports.ToDictionary(r => r.MemoryId);
    }

    /// <summary>Jobs, newest first.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="state">Only of this state, or null.</param>
    /// <param name="before">Only older than this job, or null.</param>
    /// <param name="limit">1 to 200.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="EngramException">An argument is out of range.</exception>
    public async Task<IReadOnlyList<QueuedJob>> ListAsync(Tenant tenant, string? state, Guid? before, int limit, CancellationToken cancellationToken = default)
    {
        if (limit is < 1 or > MaxPage)
            throw EngramException.Invalid("limit", $"limit must be 1 to {MaxPage}.");
        if (state is not (null or "queued" or "running" or "done" or "dead"))
            throw EngramException.Invalid("state", "state must be queued, running, done or dead.");
        await using var batch = db.Batch(tenant).Add(Page, Sql.Uuid(tenant.Id), Sql.NullableText(state), Sql.Uuid(before), Sql.Int(limit));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var jobs = new List<QueuedJob>();
        while (await reader.ReadAsync(cancellationToken))
        {
            jobs.Add(new QueuedJob(
                ExtractionReport.Read(reader), reader.GetString(ExtractionReport.ColumnCount), reader.GetFieldValue<DateTimeOffset>(ExtractionReport.ColumnCount + 1),
                reader.IsDBNull(ExtractionReport.ColumnCount + 2) ? null : reader.GetFieldValue<DateTimeOffset>(ExtractionReport.ColumnCount + 2)));
        }

        return jobs;
    }

    /// <summary>How many jobs wait, run and failed for good.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<QueueDepth> DepthAsync(Tenant tenant, CancellationToken cancellationToken = default)
    {
        await using var batch = db.Batch(tenant).Add(Depth, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new QueueDepth(
            reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.IsDBNull(4) ? null : reader.GetFieldValue<DateTimeOffset>(4));
    }

    /// <summary>Ends a job that waits or runs. What a Worker does for it already is thrown away; the memory stays, and the job can be retried.</summary>
    /// <param name="actor">Who cancels.</param>
    /// <param name="job">The job.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <returns>False where no such job waits or runs.</returns>
    public async Task<bool> CancelAsync(Actor actor, Guid job, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await using var transaction = await db.BeginAsync(actor.Tenant, cancellationToken);
        await using (var cancel = transaction.Batch().Add(
            Cancel, Sql.Uuid(actor.Tenant.Id), Sql.Uuid(job), Sql.Time(time.GetUtcNow()), Sql.Text($"Cancelled by {actor.Name}.")))
        {
            await using var reader = await cancel.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            if (reader.GetInt64(0) == 0)
                return false;
        }

        await using (var audit = transaction.Batch().AddAudit(actor, time, "job.cancel", $"job:{job}"))
            await audit.ExecuteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Gives failed jobs a second chance at once, with all their attempts.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="job">One job, or null for every dead or waiting one, as after a provider's key was mended.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <returns>How many are tried again.</returns>
    public async Task<long> RetryAsync(Tenant tenant, Guid? job, CancellationToken cancellationToken = default)
    {
        long count;
        await using (var batch = db.Batch(tenant).Add(Again, Sql.Uuid(tenant.Id), Sql.Uuid(job), Sql.Time(time.GetUtcNow())))
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            count = reader.GetInt64(0);
        }

        if (count > 0)
            wakeUp.Signal();
        return count;
    }

    /// <summary>Waits until each of the memories is extracted, has failed, or waits for an attempt beyond the deadline; then says what became of each.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="memories">The memories.</param>
    /// <param name="atMost">How long to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<IReadOnlyDictionary<Guid, ExtractionReport>> WaitAsync(Tenant tenant, Guid[] memories, TimeSpan atMost, CancellationToken cancellationToken = default)
    {
        var deadline = time.GetUtcNow() + atMost;
        for (var pause = 10; ; pause = Math.Min(pause * 2, 200))
        {
            await using (var batch = db.Batch(tenant).Add(Settled, Sql.Uuid(tenant.Id), Sql.Uuids(memories), Sql.Time(deadline)))
            await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
            {
                await reader.ReadAsync(cancellationToken);
                if (reader.GetInt64(0) == 0)
                    break;
            }

            if (time.GetUtcNow() >= deadline)
                break;
            await Task.Delay(TimeSpan.FromMilliseconds(pause), time, cancellationToken);
        }

        return await OfAsync(tenant, memories, cancellationToken);
    }

    private static async Task<IReadOnlyList<ExtractionReport>> ReadAsync(TenantBatch batch, CancellationToken cancellationToken)
    {
        await using var owned = batch;
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var reports = new List<ExtractionReport>();
        while (await reader.ReadAsync(cancellationToken))
            reports.Add(ExtractionReport.Read(reader));
        return reports;
    }
}
