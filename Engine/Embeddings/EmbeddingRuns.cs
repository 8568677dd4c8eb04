using Engram.Engine.Database;
using Engram.Engine.Extraction;
using Engram.Engine.Providers;

namespace Engram.Engine.Embeddings;

/// <summary>A tenant's missing vectors, taken by a Worker to make some of them.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Space">What the vectors must be.</param>
/// <param name="Lease">Proves that it is still ours when the vectors are written.</param>
/// <param name="Attempt">1, or more after faults in a row.</param>
public sealed record EmbeddingRun(Tenant Tenant, VectorSpace Space, Guid Lease, int Attempt);

/// <summary>
/// Who makes the vectors that tenants' own models owe, over all tenants. What is missing stands in <c>pending_vectors</c>, so nothing is lost with a
/// process; a lease keeps two Workers from paying for the same vectors; a fault pauses the tenant's run, not its memories one by one.
/// </summary>
/// <param name="db">The door that spans tenants.</param>
/// <param name="maker">Makes the vectors.</param>
/// <param name="time">The clock.</param>
public sealed class EmbeddingRuns(SystemDb db, VectorMaker maker, TimeProvider time)
{
    // Longer than all calls of one turn, which share the deadline of an operation, and the write after them.
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    /// <summary>A model that was just set is tried at once, whatever happened to it before.</summary>
    internal const string Begin = """
        insert into embedding_runs (tenant_id, model, run_after) values ($1, $2, $3)
        on conflict (tenant_id, model) do update set run_after = excluded.run_after, attempts = 0, last_error = null, fault = null
        """;

    /// <summary>A new key may be the end of the trouble.</summary>
    internal const string Wake = "update embedding_runs set run_after = $2, attempts = 0 where tenant_id = $1 and attempts > 0";

    /// <summary>What the provider refused before may be taken now: its settings may have changed with the tenant's.</summary>
    internal const string Forgive = "update pending_vectors set refused = false, last_error = null where tenant_id = $1 and model = $2 and refused";

    // In the order of their last turn, so that one tenant's hundred thousand do not keep another's one waiting.
    private const string Claim = """
        update embedding_runs e set lease = gen_random_uuid(), leased_until = $1 + $3
        from (
            select e.tenant_id, e.model, r.dimensions from embedding_runs e
            join model_roles r on r.tenant_id = e.tenant_id and r.role = 'embed' and r.space = e.model
            where e.run_after <= $1 and (e.leased_until is null or e.leased_until <= $1)
                and exists (select from pending_vectors p where p.tenant_id = e.tenant_id and p.model = e.model and not p.refused)
            order by e.run_after limit $2 for update of e skip locked
        ) d
        where e.tenant_id = d.tenant_id and e.model = d.model
        returning e.tenant_id, e.model, d.dimensions, e.lease, e.attempts + 1
        """;

    private const string Done = """
        update embedding_runs set run_after = $4, lease = null, leased_until = null, attempts = 0, last_error = null, fault = null
        where tenant_id = $1 and model = $2 and lease = $3
        """;

    private const string Fail = """
        update embedding_runs set run_after = $4 + $5, lease = null, leased_until = null, attempts = $6, last_error = $7, fault = $8
        where tenant_id = $1 and model = $2 and lease = $3
        """;

    /// <summary>Takes some of the tenants whose vectors are missing and may be asked for now.</summary>
    /// <param name="count">At most this many.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public async Task<IReadOnlyList<EmbeddingRun>> TakeAsync(int count, CancellationToken cancellationToken = default)
    {
        await using var claim = db.Command(Claim, Sql.Time(time.GetUtcNow()), Sql.Int(count), Sql.Interval(Lease));
        await using var reader = await claim.ExecuteReaderAsync(cancellationToken);
        var runs = new List<EmbeddingRun>();
        while (await reader.ReadAsync(cancellationToken))
            runs.Add(new EmbeddingRun(new Tenant(reader.GetGuid(0)), new VectorSpace(reader.GetString(1), reader.GetInt32(2)), reader.GetGuid(3), reader.GetInt32(4)));
        return runs;
    }

    /// <summary>Makes the vectors of as many memories as a few calls take. A failure is noted, and tried again after a pause that doubles up to an hour.</summary>
    /// <param name="run">The run.</param>
    /// <param name="cancellationToken">Cancels it; the lease runs out by itself.</param>
    /// <returns>How many memories have their vectors now that had not.</returns>
    public async Task<int> MakeAsync(EmbeddingRun run, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(run);
        try
        {
            var made = await maker.MakeAsync(run, cancellationToken);
            await using var done = db.Command(Done, Sql.Uuid(run.Tenant.Id), Sql.Text(run.Space.Id), Sql.Uuid(run.Lease), Sql.Time(time.GetUtcNow()));
            await done.ExecuteNonQueryAsync(cancellationToken);
            return made;
        }
        catch (ProviderException e)
        {
            await FailAsync(run, $"{ProviderFaultWords.Sentence(e.Fault)} {e.Fault.Hint}", e.Fault, cancellationToken);
        }
        catch (EngramException e)
        {
            await FailAsync(run, e.Message, fault: null, cancellationToken);
        }

        return 0;
    }

    private async Task FailAsync(EmbeddingRun run, string reason, ProviderFault? fault, CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromSeconds(Math.Min(LongestPause.TotalSeconds, FirstPause.TotalSeconds * Math.Pow(2, Math.Min(run.Attempt - 1, 12))));
        // A budget that is used up, or a key that does not open, is looked at again once a minute: a person may have changed it.
        if (fault is null)
            pause = TimeSpan.FromMinutes(1);
        else if (fault.RetryAfter is { } asked && asked > pause)
            pause = asked;
        await using var command = db.Command(
            Fail, Sql.Uuid(run.Tenant.Id), Sql.Text(run.Space.Id), Sql.Uuid(run.Lease), Sql.Time(time.GetUtcNow()), Sql.Interval(pause), Sql.Int(run.Attempt),
            Sql.Text(reason), Sql.NullableJson(fault is null ? null : FaultJson.Write(fault)));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
