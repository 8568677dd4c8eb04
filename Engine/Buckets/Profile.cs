using System.Globalization;
using System.Text;
using Engram.Engine.Database;
using Engram.Engine.Latency;
using Npgsql;

namespace Engram.Engine.Buckets;

/// <summary>A bucket in a few lines.</summary>
/// <param name="BucketId">The bucket.</param>
/// <param name="Status"><c>ready</c>, or <c>not_installed</c> where none was made yet.</param>
/// <param name="UpdatedAt">When it was made, or null.</param>
/// <param name="MemoriesAtGeneration">Memories the bucket had then.</param>
/// <param name="Text">The profile, one line per entity; empty where none was made.</param>
/// <param name="Source">Who made it: <c>rules</c> for the one from the graph, or null.</param>
public sealed record Profile(Guid BucketId, string Status, DateTimeOffset? UpdatedAt, long MemoriesAtGeneration, string Text, string? Source);

/// <summary>A bucket's profile as an answer uses it.</summary>
/// <param name="BucketId">The bucket.</param>
/// <param name="BucketName">Its name.</param>
/// <param name="Text">The profile, not empty.</param>
/// <param name="Source">Who made it.</param>
public sealed record BucketProfile(Guid BucketId, string BucketName, string Text, string Source);

/// <summary>Makes and reads bucket profiles. Without an LLM a profile is what the graph holds now of the bucket's most mentioned entities.</summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="time">The clock.</param>
public sealed class Profiles(TenantDb db, TimeProvider time)
{
    private const int MaxEntities = 12;
    private const int MaxFactsPerEntity = 12;

    private const string Select = """
        select b.id, p.updated_at, p.n_memories_at_gen, p.profile, p.source
        from buckets b left join bucket_profiles p on p.tenant_id = b.tenant_id and p.bucket_id = b.id
        where b.tenant_id = $1 and (b.name = $2 or b.id::text = $2)
        """;

    private const string SelectSeveral = """
        select b.id, b.name, p.profile, p.source
        from unnest($2::text[]) with ordinality w (bucket, place)
        join buckets b on b.tenant_id = $1 and (b.name = w.bucket or b.id::text = lower(w.bucket))
        join bucket_profiles p on p.tenant_id = b.tenant_id and p.bucket_id = b.id
        where p.profile <> '' order by w.place
        """;

    // The entities with most current facts, and of each the surest and newest.
    private const string Facts = """
        with current as (
            select t.subject_id, s.name as subject, t.predicate, o.name as object, t.negated, t.confidence, t.created_at
            from triples t
            join entities s on s.tenant_id = t.tenant_id and s.id = t.subject_id
            join entities o on o.tenant_id = t.tenant_id and o.id = t.object_id
            where t.tenant_id = $1 and t.bucket_id = $2 and t.superseded_by is null and (t.valid_to is null or t.valid_to > $5)
        ), ranked as (
            select *, count(*) over (partition by subject_id) as facts,
                row_number() over (partition by subject_id order by confidence desc, created_at desc, predicate, object) as place
            from current
        ), entities as (
            select subject_id, row_number() over (order by max(facts) desc, min(subject)) as entity_place from ranked group by subject_id
        )
        select r.subject, r.predicate, r.object, r.negated
        from ranked r join entities e using (subject_id)
        where e.entity_place <= $3 and r.place <= $4
        order by e.entity_place, r.place
        """;

    private const string Save = """
        insert into bucket_profiles (tenant_id, bucket_id, profile, source, n_memories_at_gen, updated_at) values ($1, $2, $3, 'rules', $4, $5)
        on conflict (tenant_id, bucket_id) do update
            set profile = excluded.profile, source = excluded.source, n_memories_at_gen = excluded.n_memories_at_gen, updated_at = excluded.updated_at
        """;

    /// <summary>Profiles of several buckets, in the order asked; those without one are left out. One round trip.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="buckets">Names or ids.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<BucketProfile>> OfAsync(Tenant tenant, IReadOnlyList<string> buckets, CancellationToken cancellationToken = default)
    {
        await using var batch = db.Batch(tenant).Add(SelectSeveral, Sql.Uuid(tenant.Id), Sql.Texts([.. buckets]));
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
        await using var batch = db.Batch(tenant).Add(Select, Sql.Uuid(tenant.Id), Sql.Text(bucket));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw EngramException.NoBucket(bucket);
        return reader.IsDBNull(1)
            ? new Profile(reader.GetGuid(0), "not_installed", null, 0, "", null)
            : new Profile(
                reader.GetGuid(0), "ready", reader.GetFieldValue<DateTimeOffset>(1), reader.GetInt64(2), reader.GetString(3), reader.GetString(4));
    }

    /// <summary>Makes the profile anew from the graph as it is now.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <exception cref="EngramException">There is no such bucket.</exception>
    public async Task<Profile> RegenerateAsync(Tenant tenant, string bucket, OpTimer timer, CancellationToken cancellationToken = default)
    {
        if (!Guid.TryParse(bucket, out _))
            BucketName.Check(bucket);
        using var hop = timer.Measure(Hop.DbRead);
        var scope = await BucketScope.FindAsync(db, tenant, bucket, cancellationToken) ?? throw EngramException.NoBucket(bucket);
        var now = time.GetUtcNow();
        string text;
        await using (var batch = db.Batch(tenant).Add(
            Facts, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id), Sql.Int(MaxEntities), Sql.Int(MaxFactsPerEntity), Sql.Time(now)))
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            text = await WriteAsync(reader, cancellationToken);
        }

        await using var save = db.Batch(tenant).Add(
            Save, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id), Sql.Text(text), Sql.Long(scope.Memories), Sql.Time(now));
        await save.ExecuteAsync(cancellationToken);
        return new Profile(scope.Id, "ready", now, scope.Memories, text, "rules");
    }

    private static async Task<string> WriteAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        string? subject = null;
        while (await reader.ReadAsync(cancellationToken))
        {
            var name = reader.GetString(0);
            text.Append(name == subject ? "; " : text.Length == 0 ? $"{name}: " : $".\n{name}: ");
            subject = name;
            text.Append(CultureInfo.InvariantCulture, $"{(reader.GetBoolean(3) ? "not " : "")}{reader.GetString(1).Replace('_', ' ')} {reader.GetString(2)}");
        }

        return text.Length == 0 ? "" : text.Append('.').ToString();
    }
}
