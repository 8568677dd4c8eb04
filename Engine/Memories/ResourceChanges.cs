using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Memories;

/// <summary>Something whose changes are watched: a memory, or the profile of a bucket.</summary>
/// <param name="Id">Id of the memory or bucket.</param>
/// <param name="IsProfile">Whether it is a bucket's profile.</param>
public readonly record struct ChangeTarget(Guid Id, bool IsProfile);

/// <summary>Tells whether memories and profiles have changed, by markers that differ after every change, whoever made it.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class ResourceChanges(TenantDb db)
{
    // The extraction is part of what a reader of the memory sees.
    private const string MemoryMarker = "concat_ws('|', m.version, m.status, m.extraction, m.updated_at)";

    private const string ProfileMarker = "concat_ws('|', b.id, p.updated_at)";

    private const string OneMemory = $"""
        select m.id, {MemoryMarker} from memories m join buckets b on b.tenant_id = m.tenant_id and b.id = m.bucket_id
        where m.tenant_id = $1 and b.name = $2 and m.id = $3
        """;

    private const string OneProfile = $"""
        select b.id, {ProfileMarker} from buckets b left join bucket_profiles p on p.tenant_id = b.tenant_id and p.bucket_id = b.id
        where b.tenant_id = $1 and b.name = $2
        """;

    private const string Memories = $"select m.id, {MemoryMarker} from memories m where m.tenant_id = $1 and m.id = any($2)";

    private const string Profiles = $"""
        select b.id, {ProfileMarker} from buckets b left join bucket_profiles p on p.tenant_id = b.tenant_id and p.bucket_id = b.id
        where b.tenant_id = $1 and b.id = any($2)
        """;

    /// <summary>What is to be watched, and its marker now. One round trip.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name of the bucket.</param>
    /// <param name="memoryId">The memory; null for the bucket's profile.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>Null where there is none.</returns>
    public async Task<(ChangeTarget Target, string Marker)?> FindAsync(Tenant tenant, string bucket, Guid? memoryId, CancellationToken cancellationToken = default)
    {
        var batch = db.Batch(tenant);
        await using var _ = memoryId is { } id
            ? batch.Add(OneMemory, Sql.Uuid(tenant.Id), Sql.Text(bucket), Sql.Uuid(id))
            : batch.Add(OneProfile, Sql.Uuid(tenant.Id), Sql.Text(bucket));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? (new ChangeTarget(reader.GetGuid(0), memoryId is null), reader.GetString(1)) : null;
    }

    /// <summary>The markers of several. One round trip.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="targets">What is watched.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>What is gone has no marker.</returns>
    public async Task<IReadOnlyDictionary<ChangeTarget, string>> ReadAsync(
        Tenant tenant, IReadOnlyCollection<ChangeTarget> targets, CancellationToken cancellationToken = default)
    {
        await using var batch = db.Batch(tenant)
            .Add(Memories, Sql.Uuid(tenant.Id), Sql.Uuids([.. targets.Where(target => !target.IsProfile).Select(target => target.Id)]))
            .Add(Profiles, Sql.Uuid(tenant.Id), Sql.Uuids([.. targets.Where(target => target.IsProfile).Select(target => target.Id)]));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var markers = new Dictionary<ChangeTarget, string>();
        await CollectAsync(reader, isProfile: false, markers, cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await CollectAsync(reader, isProfile: true, markers, cancellationToken);
        return markers;
    }

    private static async Task CollectAsync(NpgsqlDataReader reader, bool isProfile, Dictionary<ChangeTarget, string> markers, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken))
            markers[new ChangeTarget(reader.GetGuid(0), isProfile)] = reader.GetString(1);
    }
}
