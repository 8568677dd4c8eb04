using Engram.Engine.Database;

namespace Engram.Engine.Embeddings;

/// <summary>How far a tenant's memories are on their way to the vectors of its own model.</summary>
/// <param name="Model">The model, as the provider names it.</param>
/// <param name="Dimensions">Length of its vectors.</param>
/// <param name="Done">Memories that have them.</param>
/// <param name="Total">Memories in all.</param>
/// <param name="Refused">Memories whose text the provider does not take: they are found by keyword and graph.</param>
/// <param name="Buckets">Buckets whose queries are answered by them.</param>
/// <param name="Attempts">Attempts of the Worker in a row that failed; 0 where all is well.</param>
/// <param name="LastError">Why the newest of these failed, or null.</param>
/// <param name="RetryAt">When the next is due, or null.</param>
public sealed record EmbeddingState(
    string Model, int Dimensions, long Done, long Total, long Refused, long Buckets, int Attempts, string? LastError, DateTimeOffset? RetryAt);

/// <summary>Reads how far a tenant's own vectors are.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class EmbeddingProgress(TenantDb db)
{
    // A bucket that is not swept yet counts as a whole as not done; of the others it is known memory by memory.
    private const string Select = """
        select r.model, r.dimensions,
            (select coalesce(sum(c.memories), 0)::bigint from bucket_counters c where c.tenant_id = $1),
            (select coalesce(sum(c.memories), 0)::bigint from bucket_counters c join buckets b on b.tenant_id = c.tenant_id and b.id = c.bucket_id
                where c.tenant_id = $1 and b.own_swept is distinct from r.space),
            (select count(*) from pending_vectors p join buckets b on b.tenant_id = p.tenant_id and b.id = p.bucket_id
                where p.tenant_id = $1 and p.model = r.space and b.own_swept = r.space),
            (select count(*) from pending_vectors p where p.tenant_id = $1 and p.model = r.space and p.refused),
            (select count(*) from buckets b where b.tenant_id = $1 and b.own_model = r.space),
            coalesce(e.attempts, 0), e.last_error, e.run_after
        from model_roles r left join embedding_runs e on e.tenant_id = r.tenant_id and e.model = r.space
        where r.tenant_id = $1 and r.role = 'embed'
        """;

    /// <summary>The state, or null where the tenant has no embedding model of its own. One round trip.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<EmbeddingState?> OfAsync(Tenant tenant, CancellationToken cancellationToken = default)
    {
        await using var batch = db.Batch(tenant).Add(Select, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        var (total, unswept, pending) = (reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4));
        var attempts = reader.GetInt32(7);
        return new EmbeddingState(
            reader.GetString(0), reader.GetInt32(1), Math.Max(0, total - unswept - pending), total, reader.GetInt64(5), reader.GetInt64(6), attempts,
            attempts == 0 || reader.IsDBNull(8) ? null : reader.GetString(8), attempts == 0 || reader.IsDBNull(9) ? null : reader.GetFieldValue<DateTimeOffset>(9));
    }
}
