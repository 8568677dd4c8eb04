using System.Globalization;
using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Memories;
using Npgsql;

namespace Engram.Engine.Recall;

/// <summary>Cosine similarity of the query's vector to the memories' chunks; a memory is as near as its nearest chunk.</summary>
internal static class VectorArm
{
    // A text has several chunks only when it is long, so a little more than the limit is enough for as many memories.
    private const double ChunkSlack = 1.25;

    public static void Add(TenantBatch batch, Tenant tenant, BucketScope bucket, float[] query, string model, MemoryFilter? filter, int limit)
    {
        var distance = VectorSql.Distance(query.Length);
        List<NpgsqlParameter> parameters = [Sql.Reals(query), Sql.Int((int)(limit * ChunkSlack)), Sql.Int(limit)];
        var scope = VectorSql.Predicate(tenant, bucket, model, parameters);
        var condition = MemoryFilterSql.Append(filter, parameters);
        var join = condition.Length == 0 ? "" : " join memories m on m.tenant_id = v.tenant_id and m.id = v.memory_id";
        batch.Add(
            string.Create(CultureInfo.InvariantCulture, $"""
            select n.memory_id, max(n.similarity) as similarity
            from (
                select v.memory_id, 1 - {distance} as similarity from memory_vectors v{join}
                where {scope}{condition}
                order by {distance} limit $2
            ) n
            group by n.memory_id order by similarity desc, n.memory_id limit $3
            """),
            [.. parameters]);
    }
}
