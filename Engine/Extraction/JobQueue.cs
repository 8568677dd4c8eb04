using Engram.Engine.Database;
using Engram.Engine.Memories;
using Engram.Engine.Providers;
using Npgsql;

namespace Engram.Engine.Extraction;

/// <summary>
/// The extraction queue: claims are leases with a fence. A Worker that dies loses its lease and the job is claimed again; one that was only slow
/// finds its fence outdated and writes nothing.
/// </summary>
/// <param name="db">The door that spans tenants.</param>
/// <param name="time">The clock of back-off.</param>
public sealed class JobQueue(SystemDb db, TimeProvider time)
{
    /// <summary>How long a claim holds without being renewed.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    /// <summary>Failed attempts after which a job is a dead letter.</summary>
    public const int MaxAttempts = 8;

    /// <summary>Claims after which a job is a dead letter though no attempt failed: every Worker that took it died.</summary>
    public const int MaxClaims = 40;

    // Tenants with due jobs are found by skipping through the index; then every tenant gets its first job before any gets its second.
    private const string Claim = """
        with recursive tenants as (
            (select tenant_id from jobs where state = 'queued' order by tenant_id limit 1)
            union all
            select (select j.tenant_id from jobs j where j.state = 'queued' and j.tenant_id > t.tenant_id order by j.tenant_id limit 1)
            from tenants t where t.tenant_id is not null
        ), candidates as (
            select j.tenant_id, j.id, j.turn
            from tenants t
            cross join lateral (
                select q.tenant_id, q.id, row_number() over (order by q.run_after, q.id) as turn
                from (
                    select tenant_id, id, run_after from jobs
                    where state = 'queued' and tenant_id = t.tenant_id and run_after <= $3
                    order by run_after limit 4 * $1
                ) q
            ) j
        ), locked as (
            select j.tenant_id, j.id
            from candidates c join jobs j on j.tenant_id = c.tenant_id and j.id = c.id
            where j.state = 'queued' and j.run_after <= $3
            order by c.turn limit $1
            for update of j skip locked
        ), claimed as (
            update jobs j set state = 'running', attempts = j.attempts + 1, fence = j.fence + 1, worker = $2, leased_until = $3 + $4
            from locked l where j.tenant_id = l.tenant_id and j.id = l.id
            returning j.tenant_id, j.id, j.bucket_id, j.memory_id, j.memory_version, j.fence, j.attempts
        )
        select c.tenant_id, c.id, c.bucket_id, c.memory_id, c.memory_version, c.fence, c.attempts, m.content, m.occurred_at, m.language, m.user_id,
            m.created_by, m.updated_at,
            exists (
                select 1 from recalled_texts r
                where r.tenant_id = m.tenant_id and r.key_id = m.created_by and r.bucket_id = m.bucket_id and r.recalled_at between m.updated_at - $5 and m.updated_at
            )
        from claimed c join memories m on m.tenant_id = c.tenant_id and m.id = c.memory_id
        order by c.id
        """;

    private const string Renew = """
        update jobs j set leased_until = $4 + $5
        from unnest($1::uuid[], $2::uuid[], $3::bigint[]) as held (tenant_id, id, fence)
        where j.tenant_id = held.tenant_id and j.id = held.id and j.fence = held.fence and j.state = 'running'
        returning j.id
        """;

    private const string RequeueExpired = """
        with expired as (
            update jobs set leased_until = null, finished_at = case when attempts >= $2 then $1 end,
                state = case when attempts >= $2 then 'dead' else 'queued' end, run_after = $1,
                last_error = case when attempts >= $2 then 'Every Worker that took this job died.' else last_error end
            where state = 'running' and leased_until < $1
            returning tenant_id, memory_id, memory_version, state
        ), failed as (
            update memories m set extraction = 'failed' from expired e
            where e.state = 'dead' and m.tenant_id = e.tenant_id and m.id = e.memory_id and m.version = e.memory_version
        )
        select count(*) from expired
        """;

    private const string Fail = """
        with failed as (
            update jobs set leased_until = null, last_error = $4, fault = $8,
                state = case when attempts >= $5 then 'dead' else 'queued' end,
                finished_at = case when attempts >= $5 then $6 end,
                run_after = $6 + $7
            where tenant_id = $1 and id = $2 and fence = $3 and state = 'running'
            returning memory_id, memory_version, state
        )
        update memories m set extraction = 'failed' from failed f
        where f.state = 'dead' and m.tenant_id = $1 and m.id = f.memory_id and m.version = f.memory_version
        """;

    // Given back unharmed, as on shutdown: the attempt does not count.
    private const string Release = """
        update jobs set state = 'queued', leased_until = null, attempts = attempts - 1
        where tenant_id = $1 and id = $2 and fence = $3 and state = 'running'
        """;

    private const string Defer = """
        update jobs set state = 'queued', leased_until = null, attempts = attempts - 1, run_after = $4 + $5, last_error = $6, fault = $7
        where tenant_id = $1 and id = $2 and fence = $3 and state = 'running'
        """;

    private const string Note = """
        update jobs set extractor = $4, dropped = $5, skip_reason = $6
        where tenant_id = $1 and id = $2 and fence = $3 and state = 'running'
        """;

    private const string Prune = "delete from jobs where state = 'done' and finished_at < $1";

    /// <summary>Claims up to <paramref name="count"/> due jobs, fairly among tenants.</summary>
    /// <param name="worker">Name of the claiming Worker, for people.</param>
    /// <param name="count">At most this many.</param>
    /// <param name="cancellationToken">Cancels before the claim.</param>
    public async Task<IReadOnlyList<ExtractionJob>> ClaimAsync(string worker, int count, CancellationToken cancellationToken = default)
    {
        await using var command = db.Command(Claim, Sql.Int(count), Sql.Text(worker), Sql.Time(time.GetUtcNow()), Sql.Interval(Lease), Sql.Interval(RecalledTexts.Window));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var jobs = new List<ExtractionJob>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var input = new ExtractionInput(
                reader.GetString(7), reader.GetFieldValue<DateTimeOffset>(8), TextLanguage.CodeOf(reader.GetString(9)), reader.IsDBNull(10) ? null : reader.GetString(10));
            jobs.Add(new ExtractionJob(
                new Tenant(reader.GetGuid(0)), reader.GetGuid(1), reader.GetGuid(2), reader.GetGuid(3), reader.GetInt32(4), reader.GetInt64(5), reader.GetInt32(6), input)
            {
                StoredBy = reader.IsDBNull(11) ? null : reader.GetGuid(11),
                StoredAt = reader.GetFieldValue<DateTimeOffset>(12),
                MayBeRecalled = reader.GetBoolean(13),
            });
        }

        return jobs;
    }

    /// <summary>Extends the leases of jobs still held.</summary>
    /// <param name="jobs">Jobs under way.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <returns>Jobs that are held no longer: cancelled, claimed by another Worker, or just done.</returns>
    public async Task<IReadOnlyCollection<Guid>> RenewAsync(IReadOnlyCollection<ExtractionJob> jobs, CancellationToken cancellationToken = default)
    {
        if (jobs.Count == 0)
            return [];
        await using var command = db.Command(
            Renew,
            Sql.Uuids([.. jobs.Select(j => j.Tenant.Id)]), Sql.Uuids([.. jobs.Select(j => j.Id)]),
            new NpgsqlParameter<long[]> { TypedValue = [.. jobs.Select(j => j.Fence)] }, Sql.Time(time.GetUtcNow()), Sql.Interval(Lease));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var lost = jobs.Select(job => job.Id).ToHashSet();
        while (await reader.ReadAsync(cancellationToken))
            lost.Remove(reader.GetGuid(0));
        return lost;
    }

    /// <summary>Puts jobs whose lease ran out back into the queue.</summary>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <returns>How many leases had run out.</returns>
    public async Task<int> RequeueExpiredAsync(CancellationToken cancellationToken = default)
    {
        await using var command = db.Command(RequeueExpired, Sql.Time(time.GetUtcNow()), Sql.Int(MaxClaims));
        return Convert.ToInt32(await command.ExecuteScalarAsync(cancellationToken), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Notes a failed attempt: it is tried again after a pause that doubles, with jitter, until it is a dead letter.</summary>
    /// <param name="job">The job.</param>
    /// <param name="reason">Why, fit for the tenant's eyes: no text, no secret.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public Task FailAsync(ExtractionJob job, string reason, CancellationToken cancellationToken = default) =>
        FailAsync(job, reason, fault: null, TimeSpan.Zero, cancellationToken);

    /// <summary>Notes an attempt that a provider's fault ended.</summary>
    /// <param name="job">The job.</param>
    /// <param name="reason">Why, fit for the tenant's eyes: no text, no secret.</param>
    /// <param name="fault">The fault, or null.</param>
    /// <param name="atLeast">The next attempt is no sooner than this, as the provider asked; longer where the back-off is.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public async Task FailAsync(ExtractionJob job, string reason, ProviderFault? fault, TimeSpan atLeast, CancellationToken cancellationToken = default)
    {
        var pause = BackOff(job.Attempt);
        await using var command = db.Command(
            Fail, Sql.Uuid(job.Tenant.Id), Sql.Uuid(job.Id), Sql.Long(job.Fence), Sql.Text(reason), Sql.Int(MaxAttempts), Sql.Time(time.GetUtcNow()),
            Sql.Interval(pause > atLeast ? pause : atLeast), Sql.NullableJson(fault is null ? null : FaultJson.Write(fault)));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Puts a claimed job off without counting the attempt, because nothing could be tried.</summary>
    /// <param name="job">The job.</param>
    /// <param name="reason">Why, fit for the tenant's eyes.</param>
    /// <param name="fault">The provider's part in it, or null.</param>
    /// <param name="pause">How long.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public async Task DeferAsync(ExtractionJob job, string reason, ProviderFault? fault, TimeSpan pause, CancellationToken cancellationToken = default)
    {
        await using var command = db.Command(
            Defer, Sql.Uuid(job.Tenant.Id), Sql.Uuid(job.Id), Sql.Long(job.Fence), Sql.Time(time.GetUtcNow()), Sql.Interval(pause), Sql.Text(reason),
            Sql.NullableJson(fault is null ? null : FaultJson.Write(fault)));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Notes who extracts and what is left out, for the tenant to see.</summary>
    /// <param name="job">The job.</param>
    /// <param name="extractor">Who extracts.</param>
    /// <param name="dropped">Triples without evidence.</param>
    /// <param name="skipped">Why the text or a part of it was not extracted, or null.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public async Task NoteAsync(ExtractionJob job, string extractor, int dropped, string? skipped, CancellationToken cancellationToken = default)
    {
        await using var command = db.Command(
            Note, Sql.Uuid(job.Tenant.Id), Sql.Uuid(job.Id), Sql.Long(job.Fence), Sql.Text(extractor), Sql.Int(dropped), Sql.NullableText(skipped));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Gives a claimed job back without counting the attempt.</summary>
    /// <param name="job">The job.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public async Task ReleaseAsync(ExtractionJob job, CancellationToken cancellationToken = default)
    {
        await using var command = db.Command(Release, Sql.Uuid(job.Tenant.Id), Sql.Uuid(job.Id), Sql.Long(job.Fence));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Deletes done jobs that finished before a time.</summary>
    /// <param name="before">UTC.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public async Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken = default)
    {
        await using var command = db.Command(Prune, Sql.Time(before));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Pause before the next attempt: 2 s doubling up to 10 min, give or take a quarter so that failures do not come back in step.</summary>
    internal static TimeSpan BackOff(int attempt)
    {
        var seconds = Math.Min(600, 2 * Math.Pow(2, Math.Max(0, attempt - 1)));
        return TimeSpan.FromSeconds(seconds * (0.75 + (Random.Shared.NextDouble() / 2)));
    }
}
