using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Recall;
using Npgsql;

namespace Engram.Engine.Memories;

/// <summary>Finds the memory a new one duplicates: by the hash of the text first, then by its nearest vectors.</summary>
/// <param name="db">The door to tenant rows.</param>
internal sealed class DuplicateFinder(TenantDb db)
{
    public const double LooseThreshold = 0.95;
    public const double StrictThreshold = 0.99;

    // The nearest few, because the nearest may belong to another user, agent or run, or fail the guard.
    private const int Nearest = 8;

    private const string ByHash = """
        select id, content from memories where tenant_id = $1 and bucket_id = $2 and content_hash = $3 order by created_at limit 1
        """;

    /// <summary>One entry per memory, null where it is new. One round trip.</summary>
    public async Task<Duplicate?[]> FindAsync(
        Tenant tenant, BucketScope bucket, IReadOnlyList<PreparedMemory> memories, string model, CancellationToken cancellationToken)
    {
        var found = new Duplicate?[memories.Count];
        if (bucket.Memories == 0 || memories.All(m => m.Source.Dedup == DedupPolicy.Off))
            return found;

        await using var batch = db.Batch(tenant);
        if (bucket.VectorIndex is not null)
            batch.Add(VectorSql.IndexSettings, Sql.Text("40"));
        foreach (var memory in memories)
        {
            batch.Add(ByHash, Sql.Uuid(tenant.Id), Sql.Uuid(bucket.Id), Sql.Bytes(memory.Hash));
            if (ComparesVectors(memory))
                AddNearest(batch, tenant, bucket, memory, model);
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (bucket.VectorIndex is not null)
            await reader.NextResultAsync(cancellationToken);
        for (var i = 0; i < memories.Count; i++)
        {
            if (i > 0)
                await reader.NextResultAsync(cancellationToken);
            if (await reader.ReadAsync(cancellationToken) && memories[i].Source.Dedup != DedupPolicy.Off)
                found[i] = new Duplicate(reader.GetGuid(0), 1, MergeReason.ContentHash, reader.GetString(1) == memories[i].Source.Content);
            if (!ComparesVectors(memories[i]))
                continue;
            await reader.NextResultAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                if (found[i] is null && IsNear(memories[i], reader.GetDouble(2), reader.GetString(1)))
                    found[i] = new Duplicate(reader.GetGuid(0), Math.Min(1, reader.GetDouble(2)), MergeReason.EmbeddingSimilarity, SameText: false);
            }
        }

        return found;
    }

    /// <summary>Whether two new memories of one batch are duplicates.</summary>
    public static Duplicate? Compare(PreparedMemory earlier, PreparedMemory later)
    {
        if (later.Source.Dedup == DedupPolicy.Off)
            return null;
        if (earlier.Hash.AsSpan().SequenceEqual(later.Hash))
            return new Duplicate(earlier.Id, 1, MergeReason.ContentHash, earlier.Source.Content == later.Source.Content);
        if (!ComparesVectors(earlier) || !ComparesVectors(later)
            || earlier.Source.UserId != later.Source.UserId || earlier.Source.AgentId != later.Source.AgentId || earlier.Source.RunId != later.Source.RunId)
            return null;
        var similarity = System.Numerics.Tensors.TensorPrimitives.Dot(earlier.Vectors[0], later.Vectors[0]);
        return IsNear(later, similarity, earlier.Source.Content)
            ? new Duplicate(earlier.Id, Math.Min(1, similarity), MergeReason.EmbeddingSimilarity, SameText: false)
            : null;
    }

    // The vector of a chunk says nothing of the rest of a long text: those are compared by hash only, and so are texts in a
    // script that the encoder does not know.
    private static bool ComparesVectors(PreparedMemory memory) =>
        memory.Source.Dedup != DedupPolicy.Off && memory.Vectors.Count == 1 && memory.IsUnderstood;

    private static bool IsNear(PreparedMemory memory, double similarity, string otherContent) =>
        similarity >= (memory.Source.Dedup == DedupPolicy.Loose ? LooseThreshold : StrictThreshold)
        && DuplicateGuard.SaysTheSame(memory.Source.Content, otherContent);

    private static void AddNearest(TenantBatch batch, Tenant tenant, BucketScope bucket, PreparedMemory memory, string model)
    {
        var distance = VectorSql.Distance(memory.Vectors[0].Length);
        List<NpgsqlParameter> parameters =
        [
            Sql.Reals(memory.Vectors[0]), Sql.Uuid(tenant.Id), Sql.Double(LooseThreshold),
            Sql.NullableText(memory.Source.UserId), Sql.NullableText(memory.Source.AgentId), Sql.NullableText(memory.Source.RunId),
            Sql.Text(model),
        ];
        var scope = VectorSql.Predicate(tenant, bucket, model, parameters);
        batch.Add(
            $"""
            select n.memory_id, m.content, n.similarity
            from (
                select v.memory_id, 1 - {distance} as similarity from memory_vectors v
                where {scope}
                order by {distance} limit {Nearest}
            ) n
            join memories m on m.tenant_id = $2 and m.id = n.memory_id
            where n.similarity >= $3
                and m.user_id is not distinct from $4 and m.agent_id is not distinct from $5 and m.run_id is not distinct from $6
                and (select count(*) from memory_vectors c where c.tenant_id = $2 and c.memory_id = m.id and c.model = $7) = 1
            order by n.similarity desc, m.id
            """,
            [.. parameters]);
    }
}
