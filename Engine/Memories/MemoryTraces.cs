using Engram.Engine.Database;
using Engram.Engine.Latency;

namespace Engram.Engine.Memories;

/// <summary>What happened to a memory beside its text.</summary>
/// <param name="StoredBy">Name of the key, or the client of the portal session, that stored it; null where it is not known any more.</param>
/// <param name="StoredWith"><c>api</c> for a key, <c>session</c> for a person in the portal; null where it is not known any more.</param>
/// <param name="Retrievals">How often a query returned it; counted in the background, so a few may be missing.</param>
/// <param name="LastRetrievedAt">When one last did, or null.</param>
/// <param name="Triples">Triples it supports.</param>
/// <param name="Revisions">Former states in its history.</param>
public sealed record MemoryTraces(string? StoredBy, string? StoredWith, long Retrievals, DateTimeOffset? LastRetrievedAt, int Triples, int Revisions);

/// <summary>Reads what lists of memories for people show, and agents do not ask for.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class MemoryTraceReader(TenantDb db)
{
    internal const string Select = """
        select m.id, k.name, k.kind, coalesce(r.retrievals, 0), r.last_retrieved_at,
            (select count(*) from triple_sources s where s.tenant_id = $1 and s.memory_id = m.id)::int,
            (select count(*) from memory_history h where h.tenant_id = $1 and h.memory_id = m.id)::int
        from memories m
        left join api_keys k on k.tenant_id = $1 and k.id = m.created_by
        left join memory_retrievals r on r.tenant_id = $1 and r.memory_id = m.id
        where m.tenant_id = $1 and m.id = any($2)
        """;

    /// <summary>The traces of some memories; those that are not there are left out. One round trip.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="memories">At most a page of them.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyDictionary<Guid, MemoryTraces>> ReadAsync(
        Tenant tenant, Guid[] memories, OpTimer timer, CancellationToken cancellationToken = default)
    {
        var traces = new Dictionary<Guid, MemoryTraces>(memories.Length);
        if (memories.Length == 0)
            return traces;
        using var hop = timer.Measure(Hop.DbRead, "traces");
        await using var batch = db.Batch(tenant).Add(Select, Sql.Uuid(tenant.Id), Sql.Uuids(memories));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            traces[reader.GetGuid(0)] = new MemoryTraces(
                reader.IsDBNull(1) ? null : reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetInt64(3),
                reader.IsDBNull(4) ? null : reader.GetFieldValue<DateTimeOffset>(4), reader.GetInt32(5), reader.GetInt32(6));
        }

        return traces;
    }
}
