using System.Buffers.Text;
using System.Text;
using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Extraction;
using Engram.Engine.Latency;
using Npgsql;

namespace Engram.Engine.Graph;

/// <summary>Reads the graph that extraction has made of a bucket: its entities, and what is said around one of them.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class GraphReader(TenantDb db)
{
    /// <summary>Most entities of one answer, beside the one in the middle.</summary>
    public const int MaxNodes = 100;

    /// <summary>Facts of an entity are counted up to here; more is as good as many.</summary>
    public const int MostCounted = 100;

    /// <summary>Most memories named for one triple.</summary>
    public const int MostSources = 3;

    private const int MaxPage = 100;
    private const int FactsLookedAt = 500;
    private const int FactsOfANeighbour = 4;

    /// <summary>A page of a bucket's entities. Without a beginning: what the newest memories speak of most, as one page.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="beginning">How one of its names, or a word in it, begins; null for what was last spoken of.</param>
    /// <param name="limit">1 to 100.</param>
    /// <param name="cursor"><see cref="EntityPage.Next"/> of the page before, or null.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="EngramException">The bucket is unknown or an argument out of range.</exception>
    public async Task<EntityPage> ListAsync(
        Tenant tenant, string bucket, string? beginning, int limit, string? cursor, OpTimer timer, CancellationToken cancellationToken = default)
    {
        if (limit is < 1 or > MaxPage)
            throw EngramException.Invalid("limit", $"limit must be 1 to {MaxPage}.");
        var after = AfterOf(cursor);
        using var hop = timer.Measure(Hop.DbRead);
        var scope = await ScopeAsync(tenant, bucket, cancellationToken);
        var name = beginning is null ? "" : EntityName.Normalize(beginning);
        var found = name.Length == 0 ? await RecentAsync(tenant, scope, limit, cancellationToken) : await ByNameAsync(tenant, scope, name, after, limit, cancellationToken);
        var degrees = await DegreesAsync(tenant, scope, [.. found.Entities.Select(entity => entity.Id)], cancellationToken);
        return new EntityPage(
            scope.Id, scope.Name, [.. found.Entities.Select(entity => entity with { Facts = degrees.GetValueOrDefault(entity.Id) })], found.Next);
    }

    /// <summary>The surroundings of an entity.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="entity">Id or name; null for the one the newest memories speak of most.</param>
    /// <param name="hops">1 or 2.</param>
    /// <param name="asOf">Only what held then; null for everything that was ever said.</param>
    /// <param name="limit">1 to <see cref="MaxNodes"/> entities beside the one in the middle; with two hops at most half of them are neighbours.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="EngramException">The bucket or the entity is unknown, or an argument out of range.</exception>
    public async Task<EntityGraph> AroundAsync(
        Tenant tenant, string bucket, string? entity, int hops, DateTimeOffset? asOf, int limit, OpTimer timer, CancellationToken cancellationToken = default)
    {
        if (hops is < 1 or > 2)
            throw EngramException.Invalid("hops", "hops must be 1 or 2.");
        if (limit is < 1 or > MaxNodes)
            throw EngramException.Invalid("limit", $"limit must be 1 to {MaxNodes}.");
        using var hop = timer.Measure(Hop.DbRead);
        var scope = await ScopeAsync(tenant, bucket, cancellationToken);
        var center = entity is null
            ? (await RecentAsync(tenant, scope, 1, cancellationToken)).Entities.FirstOrDefault()
            : await FindAsync(tenant, scope, entity, cancellationToken) ?? throw EngramException.NoEntity();
        if (center is null)
            return new EntityGraph(scope.Id, scope.Name, null, hops, asOf, [], [], 0, null, null);

        var ring = hops == 1 ? limit : (limit + 1) / 2;
        var picked = new GraphPick(center, limit);
        await using var batch = db.Batch(tenant);
        Add(batch, tenant, scope, center.Id, hops, asOf, ring);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var (neighbours, earliest, latest) = (reader.GetInt64(0), TimeOrNull(reader, 1), TimeOrNull(reader, 2));
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            Pick(picked, reader);
        await reader.DisposeAsync();

        var degrees = await DegreesAsync(tenant, scope, [.. picked.Nodes.Select(node => node.Id)], cancellationToken);
        return new EntityGraph(
            scope.Id, scope.Name, center.Id, hops, asOf, [.. picked.Nodes.Select(node => node with { Facts = degrees.GetValueOrDefault(node.Id) })], picked.Edges,
            Math.Max(0, neighbours - ring), earliest, latest);
    }

    /// <summary>Adds the two statements around an entity.</summary>
    internal static void Add(TenantBatch batch, Tenant tenant, BucketScope scope, Guid center, int hops, DateTimeOffset? asOf, int ring)
    {
        NpgsqlParameter[] Common() =>
            [Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id), Sql.Uuid(center), Sql.Time(asOf), Sql.Int(hops), Sql.Int(FactsLookedAt), Sql.Int(ring)];
        batch.Add(GraphSql.Extent, Common()).Add(GraphSql.Edges, [.. Common(), Sql.Int(FactsOfANeighbour), Sql.Int(MostSources)]);
    }

    /// <summary>Adds the search by name.</summary>
    internal static void AddByName(TenantBatch batch, Tenant tenant, BucketScope scope, string name, string after, int limit) =>
        batch.Add(
            GraphSql.ByName, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id), Sql.Text(name), Sql.Text(after), Sql.Int(limit + 1),
            Sql.Text("% " + name.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal) + "%"));

    /// <summary>Adds what the newest memories speak of.</summary>
    internal static void AddRecent(TenantBatch batch, Tenant tenant, BucketScope scope, int limit) =>
        batch.Add(GraphSql.Recent, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id), Sql.Int(limit));

    private async Task<BucketScope> ScopeAsync(Tenant tenant, string bucket, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(bucket, out _))
            BucketName.Check(bucket);
        return await BucketScope.FindAsync(db, tenant, bucket, cancellationToken) ?? throw EngramException.NoBucket(bucket);
    }

    private async Task<GraphEntity?> FindAsync(Tenant tenant, BucketScope scope, string entity, CancellationToken cancellationToken)
    {
        await using var batch = db.Batch(tenant).Add(
            GraphSql.Find, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id), Sql.Uuid(Guid.TryParse(entity, out var id) ? id : null), Sql.Text(EntityName.Normalize(entity)));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Entity(reader) : null;
    }

    private async Task<(List<GraphEntity> Entities, string? Next)> RecentAsync(Tenant tenant, BucketScope scope, int limit, CancellationToken cancellationToken)
    {
        await using var batch = db.Batch(tenant);
        AddRecent(batch, tenant, scope, limit);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var entities = new List<GraphEntity>(limit);
        while (await reader.ReadAsync(cancellationToken))
            entities.Add(Entity(reader));
        return (entities, null);
    }

    private async Task<(List<GraphEntity> Entities, string? Next)> ByNameAsync(
        Tenant tenant, BucketScope scope, string name, string after, int limit, CancellationToken cancellationToken)
    {
        await using var batch = db.Batch(tenant);
        AddByName(batch, tenant, scope, name, after, limit);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var entities = new List<GraphEntity>(limit);
        string? last = null;
        var isMore = false;
        while (await reader.ReadAsync(cancellationToken))
        {
            // One more name beginning so than a page holds tells of a next page. The words come on the last one only.
            isMore |= reader.GetInt64(5) > limit;
            if (entities.Count == limit)
                break;
            // One entity under two names that both match is still one.
            if (!entities.Exists(entity => entity.Id == reader.GetGuid(0)))
                entities.Add(Entity(reader));
            last = reader.GetString(3);
        }

        return (entities, isMore && last is not null ? Base64Url.EncodeToString(Encoding.UTF8.GetBytes(last)) : null);
    }

    private async Task<Dictionary<Guid, int>> DegreesAsync(Tenant tenant, BucketScope scope, Guid[] ids, CancellationToken cancellationToken)
    {
        var degrees = new Dictionary<Guid, int>();
        if (ids.Length == 0)
            return degrees;
        await using var batch = db.Batch(tenant).Add(GraphSql.Degrees, Sql.Uuid(tenant.Id), Sql.Uuid(scope.Id), Sql.Uuids(ids), Sql.Int(MostCounted));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            degrees[reader.GetGuid(0)] = reader.GetInt32(1);
        return degrees;
    }

    private static void Pick(GraphPick picked, NpgsqlDataReader reader)
    {
        var depth = reader.GetInt32(13);
        var (subject, @object) = (reader.GetGuid(1), reader.GetGuid(5));
        picked.Add(
            new GraphNode(subject, reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetString(3), depth, 0),
            new GraphNode(@object, reader.GetString(6), reader.IsDBNull(7) ? null : reader.GetString(7), depth, 0),
            new GraphEdge(
                reader.GetGuid(0), subject, reader.GetString(4), @object, reader.GetBoolean(8), Math.Round(reader.GetFloat(9), 3), TimeOrNull(reader, 10),
                TimeOrNull(reader, 11), reader.GetBoolean(12), reader.GetFieldValue<Guid[]>(14)));
    }

    private static GraphEntity Entity(NpgsqlDataReader reader) => new(reader.GetGuid(0), reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2), 0);

    private static string AfterOf(string? cursor)
    {
        if (string.IsNullOrEmpty(cursor))
            return "";
        Span<byte> bytes = stackalloc byte[1024];
        if (cursor.Length > 1024 || !Base64Url.IsValid(cursor) || !Base64Url.TryDecodeFromChars(cursor, bytes, out var written) || bytes[..written].Contains((byte)0))
            throw EngramException.Invalid("cursor", "cursor is not one that a list returned as 'next'.");
        return Encoding.UTF8.GetString(bytes[..written]);
    }

    private static DateTimeOffset? TimeOrNull(NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetFieldValue<DateTimeOffset>(ordinal);
}
