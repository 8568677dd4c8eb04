using Engram.Engine.Database;
using Engram.Engine.Extraction;
using Engram.Engine.Providers;

namespace Engram.Engine.Buckets;

/// <summary>A profile to be made, taken by a Worker.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="BucketId">The bucket.</param>
/// <param name="Attempt">1 for the first.</param>
public sealed record ProfileRun(Tenant Tenant, Guid BucketId, int Attempt);

/// <summary>Which buckets have outgrown their profile, over all tenants, and who makes it anew.</summary>
/// <param name="db">The door that spans tenants.</param>
/// <param name="time">The clock.</param>
public sealed class ProfileRuns(SystemDb db, TimeProvider time)
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    // A bucket that is being filled waits until it is quiet, or has far more than it needs: its triples are only now being extracted.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);
    private const int FarMore = 5;

    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(6);

    private const string Outgrown = """
        insert into profile_runs (tenant_id, bucket_id, run_after)
        select c.tenant_id, c.bucket_id, $1
        from (select tenant_id, bucket_id, sum(memories) as memories, max(last_write_at) as last_write_at from bucket_counters group by tenant_id, bucket_id) c
        left join bucket_profiles p on p.tenant_id = c.tenant_id and p.bucket_id = c.bucket_id
        where abs(c.memories - coalesce(p.n_memories_at_gen, 0)) >= $2
            and (c.last_write_at < $3 or abs(c.memories - coalesce(p.n_memories_at_gen, 0)) >= $2 * $4)
        on conflict (tenant_id, bucket_id) do nothing
        """;

    private const string Claim = """
        update profile_runs r set leased_until = $1 + $3, attempts = r.attempts + 1
        from (
            select tenant_id, bucket_id from profile_runs
            where run_after <= $1 and (leased_until is null or leased_until <= $1)
            order by run_after limit $2 for update skip locked
        ) d
        where r.tenant_id = d.tenant_id and r.bucket_id = d.bucket_id
        returning r.tenant_id, r.bucket_id, r.attempts
        """;

    private const string Fail = """
        update profile_runs set leased_until = null, run_after = $3 + $4, last_error = $5, fault = $6 where tenant_id = $1 and bucket_id = $2
        """;

    private const string Done = "delete from profile_runs where tenant_id = $1 and bucket_id = $2";

    /// <summary>Notes buckets whose number of memories has changed enough, and takes some of those that are due.</summary>
    /// <param name="every">How many memories more or fewer make a profile out of date.</param>
    /// <param name="count">At most this many are taken.</param>
    /// <param name="cancellationToken">Cancels the statements.</param>
    public async Task<IReadOnlyList<ProfileRun>> TakeAsync(int every, int count, CancellationToken cancellationToken = default)
    {
        var now = time.GetUtcNow();
        await using (var outgrown = db.Command(Outgrown, Sql.Time(now), Sql.Int(every), Sql.Time(now - Quiet), Sql.Int(FarMore)))
            await outgrown.ExecuteNonQueryAsync(cancellationToken);
        await using var claim = db.Command(Claim, Sql.Time(now), Sql.Int(count), Sql.Interval(Lease));
        await using var reader = await claim.ExecuteReaderAsync(cancellationToken);
        var runs = new List<ProfileRun>();
        while (await reader.ReadAsync(cancellationToken))
            runs.Add(new ProfileRun(new Tenant(reader.GetGuid(0)), reader.GetGuid(1), reader.GetInt32(2)));
        return runs;
    }

    /// <summary>Makes a profile that was taken; a failure is noted, and it is tried again after a pause that doubles.</summary>
    /// <param name="run">The run.</param>
    /// <param name="profiles">Makes it.</param>
    /// <param name="cancellationToken">Cancels it; the lease runs out by itself.</param>
    /// <returns>Whether it was made.</returns>
    public async Task<bool> MakeAsync(ProfileRun run, Profiles profiles, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(profiles);
        try
        {
            if (await profiles.RefreshAsync(run.Tenant, run.BucketId, cancellationToken) is null)
            {
                await using var done = db.Command(Done, Sql.Uuid(run.Tenant.Id), Sql.Uuid(run.BucketId));
                await done.ExecuteNonQueryAsync(cancellationToken);
            }

            return true;
        }
        catch (ProviderException e)
        {
            await FailAsync(run, $"{e.Fault.Provider} ({e.Fault.Model}) {ProviderFaultKinds.NameOf(e.Fault.Kind)}: {e.Fault.Hint}", e.Fault, cancellationToken);
        }
        catch (EngramException e)
        {
            await FailAsync(run, e.Message, fault: null, cancellationToken);
        }

        return false;
    }

    private async Task FailAsync(ProfileRun run, string reason, ProviderFault? fault, CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromMinutes(Math.Min(LongestPause.TotalMinutes, Math.Pow(2, Math.Min(run.Attempt - 1, 10))));
        if (fault?.RetryAfter is { } asked && asked > pause)
            pause = asked;
        await using var command = db.Command(
            Fail, Sql.Uuid(run.Tenant.Id), Sql.Uuid(run.BucketId), Sql.Time(time.GetUtcNow()), Sql.Interval(pause), Sql.Text(reason),
            Sql.NullableJson(fault is null ? null : FaultJson.Write(fault)));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
