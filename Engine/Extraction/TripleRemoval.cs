using Engram.Engine.Database;

namespace Engram.Engine.Extraction;

/// <summary>Statements that take a memory's support from its triples, and remove those that nothing else supports.</summary>
internal static class TripleRemoval
{
    private const string Collect = """
        with gone as (
            delete from triple_sources where tenant_id = $1 and memory_id = any($2) returning triple_id
        )
        select distinct g.triple_id from gone g
        where not exists (
            select 1 from triple_sources s where s.tenant_id = $1 and s.triple_id = g.triple_id and s.memory_id <> all($2)
        )
        """;

    // What an unsupported statement superseded holds again, until the next statement after it.
    private const string Reopen = """
        update triples t set superseded_by = n.superseded_by, valid_to = case when n.superseded_by is null then null else n.valid_to end
        from triples n
        where n.tenant_id = $1 and n.id = any($2) and t.tenant_id = $1 and t.superseded_by = n.id and t.id <> all($2)
        """;

    private const string DeleteTriples = "delete from triples where tenant_id = $1 and id = any($2) returning subject_id, object_id";

    private const string DeleteEntities = """
        delete from entities e where e.tenant_id = $1 and e.id = any($2)
            and not exists (select 1 from triples t where t.tenant_id = $1 and t.subject_id = e.id)
            and not exists (select 1 from triples t where t.tenant_id = $1 and t.object_id = e.id)
        """;

    public static async Task RemoveAsync(TenantTransaction transaction, Tenant tenant, Guid[] memories, CancellationToken cancellationToken)
    {
        var triples = await ReadIdsAsync(transaction.Batch().Add(Collect, Sql.Uuid(tenant.Id), Sql.Uuids(memories)), cancellationToken);
        if (triples.Length == 0)
            return;
        await using (var reopen = transaction.Batch())
        {
            // A chain of several removed statements reopens link by link.
            foreach (var triple in triples)
                reopen.Add(Reopen, Sql.Uuid(tenant.Id), Sql.Uuids([triple]));
            await reopen.ExecuteAsync(cancellationToken);
        }

        var entities = await ReadIdsAsync(transaction.Batch().Add(DeleteTriples, Sql.Uuid(tenant.Id), Sql.Uuids(triples)), cancellationToken);
        await using var batch = transaction.Batch().Add(DeleteEntities, Sql.Uuid(tenant.Id), Sql.Uuids(entities));
        await batch.ExecuteAsync(cancellationToken);
    }

    private static async Task<Guid[]> ReadIdsAsync(TenantBatch batch, CancellationToken cancellationToken)
    {
        await using var owned = batch;
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var ids = new HashSet<Guid>();
        while (await reader.ReadAsync(cancellationToken))
        {
            for (var column = 0; column < reader.FieldCount; column++)
                ids.Add(reader.GetGuid(column));
        }

        return [.. ids];
    }
}
