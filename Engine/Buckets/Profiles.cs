using Engram.Engine.Database;
using Engram.Engine.Latency;
using Engram.Engine.Providers;
using Npgsql;

namespace Engram.Engine.Buckets;

/// <summary>
/// Makes and reads bucket profiles. A tenant with a model for profiles has them written by it from numbered facts and memories, each line checked
/// against what it cites; else a profile is what the graph holds now of the bucket's most mentioned entities.
/// </summary>
public sealed class Profiles
{
    // Longer than any call of a model may take, retries included.
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private const string Select = """
        select b.id, p.updated_at, p.n_memories_at_gen, p.profile, p.source, r.bucket_id is not null, coalesce(r.leased_until > $3, false)
        from buckets b
        left join bucket_profiles p on p.tenant_id = b.tenant_id and p.bucket_id = b.id
        left join profile_runs r on r.tenant_id = b.tenant_id and r.bucket_id = b.id
        where b.tenant_id = $1 and (b.name = $2 or b.id::text = lower($2))
        """;

    private const string SelectSeveral = """
        select b.id, b.name, p.profile, p.source
        from unnest($2::text[]) with ordinality w (bucket, place)
        join buckets b on b.tenant_id = $1 and (b.name = w.bucket or b.id::text = lower(w.bucket))
        join bucket_profiles p on p.tenant_id = b.tenant_id and p.bucket_id = b.id
        where p.profile <> '' order by w.place
        """;

    private const string Save = """
        insert into bucket_profiles (tenant_id, bucket_id, profile, source, n_memories_at_gen, updated_at) values ($1, $2, $3, $4, $5, $6)
        on conflict (tenant_id, bucket_id) do update
            set profile = excluded.profile, source = excluded.source, n_memories_at_gen = excluded.n_memories_at_gen, updated_at = excluded.updated_at
        """;

    private const string Done = "delete from profile_runs where tenant_id = $1 and bucket_id = $2";

    // No row where somebody else is making it now.
    private const string Take = """
        insert into profile_runs as r (tenant_id, bucket_id, run_after, leased_until) values ($1, $2, $3, $3 + $4)
        on conflict (tenant_id, bucket_id) do update set leased_until = excluded.leased_until where r.leased_until is null or r.leased_until <= $3
        returning bucket_id
        """;

    private readonly TenantDb _db;
    private readonly TimeProvider _time;
    private readonly Func<LlmContext, CancellationToken, ValueTask<TenantChat?>> _models;

    /// <summary>Puts the parts together.</summary>
    /// <param name="db">The door to tenant rows.</param>
    /// <param name="models">The tenants' models.</param>
    /// <param name="time">The clock.</param>
    public Profiles(TenantDb db, TenantModels models, TimeProvider time)
        : this(db, (models ?? throw new ArgumentNullException(nameof(models))).ForAsync, time)
    {
    }

    internal Profiles(TenantDb db, Func<LlmContext, CancellationToken, ValueTask<TenantChat?>> models, TimeProvider time) => (_db, _models, _time) = (db, models, time);

    /// <summary>Profiles of several buckets, in the order asked; those without one are left out. One round trip.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="buckets">Names or ids.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<BucketProfile>> OfAsync(Tenant tenant, IReadOnlyList<string> buckets, CancellationToken cancellationToken = default)
    {
        await using var batch = _db.Batch(tenant).Add(SelectSeveral, Sql.Uuid(tenant.Id), Sql.Texts([.. buckets]));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var profiles = new List<BucketProfile>();
        while (await reader.ReadAsync(cancellationToken))
            profiles.Add(new BucketProfile(reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        return profiles;
    }

    /// <summary>The profile as it was last made. One round trip.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="EngramException">There is no such bucket.</exception>
    public async Task<Profile> GetAsync(Tenant tenant, string bucket, OpTimer timer, CancellationToken cancellationToken = default)
    {
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = _db.Batch(tenant).Add(Select, Sql.Uuid(tenant.Id), Sql.Text(bucket), Sql.Time(_time.GetUtcNow()));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw EngramException.NoBucket(bucket);
        return Read(reader);
    }

    /// <summary>
    /// Makes the profile anew and returns it. Where the Worker is making it at this moment, that one is as new as any: the old one is returned as
    /// <c>pending</c>.
    /// </summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="operation">Operation label for the record of model calls.</param>
    /// <param name="keyId">The key that asks, or null.</param>
    /// <param name="timer">Gets the hops <c>db-read</c> and <c>llm-call</c>.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <exception cref="EngramException">There is no such bucket, or the budget is used up.</exception>
    /// <exception cref="ProviderException">The tenant's provider failed; the profile is as it was.</exception>
    public async Task<Profile> RegenerateAsync(Tenant tenant, string bucket, string operation, Guid? keyId, OpTimer timer, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(timer);
        if (!Guid.TryParse(bucket, out _))
            BucketName.Check(bucket);
        BucketScope scope;
        using (timer.Measure(Hop.DbRead))
        {
            scope = await BucketScope.FindAsync(_db, tenant, bucket, cancellationToken) ?? throw EngramException.NoBucket(bucket);
            await using var take = _db.Batch(tenant).Add(Take, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id), Sql.Time(_time.GetUtcNow()), Sql.Interval(Lease));
            await using var reader = await take.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
                return (await GetAsync(tenant, bucket, timer, cancellationToken)) with { Status = "pending" };
        }

        try
        {
            return await MakeAsync(tenant, scope, new LlmContext(tenant, timer.RequestId, operation, ModelRole.Profile) { BucketId = scope.Id, KeyId = keyId, Timer = timer }, cancellationToken);
        }
        catch
        {
            // The caller is told what went wrong; nothing waits to be made.
            await using var undo = _db.Batch(tenant).Add(Done, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id));
            await undo.ExecuteAsync(CancellationToken.None);
            throw;
        }
    }

    /// <summary>Makes a bucket's profile in the background, whose run the caller has taken.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucketId">The bucket.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <returns>Null where the bucket is gone.</returns>
    /// <exception cref="EngramException">The budget is used up.</exception>
    /// <exception cref="ProviderException">The tenant's provider failed.</exception>
    public async Task<Profile?> RefreshAsync(Tenant tenant, Guid bucketId, CancellationToken cancellationToken = default)
    {
        if (await BucketScope.FindAsync(_db, tenant, bucketId.ToString(), cancellationToken) is not { } scope)
            return null;
        return await MakeAsync(tenant, scope, new LlmContext(tenant, Guid.CreateVersion7(), "profile", ModelRole.Profile) { BucketId = bucketId }, cancellationToken);
    }

    private async Task<Profile> MakeAsync(Tenant tenant, BucketScope scope, LlmContext context, CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        var material = await ProfileMaterial.ReadAsync(_db, tenant, scope.Id, now, cancellationToken);
        var (text, source) = (material.ByRules(), "rules");
        using (var chat = material.IsEmpty ? null : await _models(context, cancellationToken))
        {
            // A model of which no line is borne out leaves the graph's own words.
            if (chat is not null && await ProfileWriter.WriteAsync(chat, material, cancellationToken) is { Length: > 0 } written)
                (text, source) = (written, $"llm/{chat.Provider}/{chat.Model}/{ProfileWriter.Version}");
        }

        await using var save = _db.Batch(tenant)
            .Add(Save, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id), Sql.Text(text), Sql.Text(source), Sql.Long(scope.Memories), Sql.Time(now))
            .Add(Done, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id));
        await save.ExecuteAsync(cancellationToken);
        return new Profile(scope.Id, "ready", now, scope.Memories, text, source);
    }

    private static Profile Read(NpgsqlDataReader reader)
    {
        var (waits, runs) = (reader.GetBoolean(5), reader.GetBoolean(6));
        return reader.IsDBNull(1)
            ? new Profile(reader.GetGuid(0), waits ? "pending" : "not_installed", null, 0, "", null)
            : new Profile(
                reader.GetGuid(0), runs ? "pending" : "ready", reader.GetFieldValue<DateTimeOffset>(1), reader.GetInt64(2), reader.GetString(3), reader.GetString(4));
    }
}
