using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Buckets;

/// <summary>What the read and the write path need to know of a bucket.</summary>
/// <param name="Id">The bucket's id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Languages">Text search configurations of its memories.</param>
/// <param name="VectorIndex">Name of its own HNSW index, or null: exact scan.</param>
/// <param name="Memories">Memories stored.</param>
/// <param name="Lexemes">Sum of their lengths in lexemes.</param>
internal sealed record BucketScope(Guid Id, string Name, string[] Languages, string? VectorIndex, long Memories, long Lexemes)
{
    /// <summary>The space of the tenant's own model that queries search, or null: the local encoder's vectors.</summary>
    public string? OwnModel { get; init; }

    /// <summary>Name of the HNSW index over the vectors of <see cref="OwnModel"/>, or null: exact scan.</summary>
    public string? OwnIndex { get; init; }

    /// <summary>The index for the vectors of one model, or null: exact scan.</summary>
    public string? IndexOf(string model) => model == OwnModel ? OwnIndex : VectorIndex;

    private const string Columns = """
        select b.id, b.name, b.languages, b.vector_index, coalesce(c.memories, 0)::bigint, coalesce(c.lexemes, 0)::bigint, b.own_model, b.own_index
        from buckets b
        left join lateral (
            select sum(memories) as memories, sum(lexemes) as lexemes
            from bucket_counters c where c.tenant_id = b.tenant_id and c.bucket_id = b.id
        ) c on true
        """;

    private const string ByNameOrId = $"{Columns} where b.tenant_id = $1 and (b.name = any($2) or b.id = any($3))";

    /// <summary>Average length of a memory in lexemes; 1 for an empty bucket.</summary>
    public double AverageLength => Memories > 0 ? Math.Max(1, (double)Lexemes / Memories) : 1;

    /// <summary>Adds the statement whose result <see cref="ReadAsync"/> reads.</summary>
    public static TenantBatch AddTo(TenantBatch batch, Tenant tenant, IEnumerable<string> buckets)
    {
        var ids = new List<Guid>();
        var names = new List<string>();
        foreach (var bucket in buckets)
        {
            if (Guid.TryParse(bucket, out var id))
                ids.Add(id);
            else
                names.Add(bucket);
        }

        return batch.Add(ByNameOrId, Sql.Uuid(tenant.Id), Sql.Texts([.. names]), Sql.Uuids([.. ids]));
    }

    /// <summary>Reads the result and leaves the reader on it.</summary>
    public static async Task<List<BucketScope>> ReadAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var scopes = new List<BucketScope>();
        while (await reader.ReadAsync(cancellationToken))
        {
            scopes.Add(new BucketScope(
                reader.GetGuid(0), reader.GetString(1), reader.GetFieldValue<string[]>(2), reader.IsDBNull(3) ? null : reader.GetString(3),
                reader.GetInt64(4), reader.GetInt64(5))
            {
                OwnModel = reader.IsDBNull(6) ? null : reader.GetString(6),
                OwnIndex = reader.IsDBNull(7) ? null : reader.GetString(7),
            });
        }

        return scopes;
    }

    /// <summary>One bucket by name or id, or null.</summary>
    public static async Task<BucketScope?> FindAsync(TenantDb db, Tenant tenant, string bucket, CancellationToken cancellationToken)
    {
        await using var batch = AddTo(db.Batch(tenant), tenant, [bucket]);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return (await ReadAsync(reader, cancellationToken)).FirstOrDefault();
    }
}
