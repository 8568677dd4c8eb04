using Engram.Engine.Database;
using Engram.Engine.Memories;
using Npgsql;

namespace Engram.Engine.Recall;

/// <summary>
/// A turn of a conversation is about what the turns around it are about: "Yes, in 2019!" answers a question whose words stand in the turn before.
/// So a short memory is raised by the better of its two neighbours in the same run, and a neighbour that no arm brought up joins the candidates.
/// Memories without a run are left as they are.
/// </summary>
internal static class RunContext
{
    /// <summary>Only the best candidates raise their neighbours: it bounds the work, and was no worse on public data than more.</summary>
    public const int Raising = 30;

    // A long text speaks for itself; raising it beside every good question only pushes others down.
    private const int LongestRaised = 400;

    private const string Neighbours = """
        select x.id, m.id, m.bucket_id
        from unnest($2::uuid[]) c (id)
        join memories x on x.tenant_id = $1 and x.id = c.id and x.run_id is not null
        cross join lateral (
            (select p.id from memories p
             where p.tenant_id = $1 and p.bucket_id = x.bucket_id and p.run_id = x.run_id
                 and (p.occurred_at, p.created_at, p.id) < (x.occurred_at, x.created_at, x.id)
             order by p.occurred_at desc, p.created_at desc, p.id desc limit 1)
            union all
            (select p.id from memories p
             where p.tenant_id = $1 and p.bucket_id = x.bucket_id and p.run_id = x.run_id
                 and (p.occurred_at, p.created_at, p.id) > (x.occurred_at, x.created_at, x.id)
             order by p.occurred_at, p.created_at, p.id limit 1)
        ) n
        join memories m on m.tenant_id = $1 and m.id = n.id
        where m.status = 'stored' and char_length(m.content) <= $3
        """;

    public static void Add(TenantBatch batch, Tenant tenant, Guid[] candidates, MemoryFilter? filter)
    {
        List<NpgsqlParameter> parameters = [Sql.Uuid(tenant.Id), Sql.Uuids(candidates), Sql.Int(LongestRaised)];
        batch.Add(Neighbours + MemoryFilterSql.Append(filter, parameters), [.. parameters]);
    }

    /// <summary>Raises scores. Pure.</summary>
    /// <param name="fused">Fused candidates, best first.</param>
    /// <param name="neighbours">A candidate and a memory beside it.</param>
    /// <param name="weight">Share of the neighbour's score that is added; scores are then divided by one plus it, so that they stay 0 to 1.</param>
    public static IReadOnlyList<FusedMemory> Raise(IReadOnlyList<FusedMemory> fused, IReadOnlyList<(Guid Candidate, Guid Neighbour)> neighbours, double weight)
    {
        var scores = fused.ToDictionary(f => f.Memory);
        var raised = new Dictionary<Guid, (double Score, Guid By)>();
        foreach (var (candidate, neighbour) in neighbours)
        {
            var score = scores[candidate].Score;
            if (!raised.TryGetValue(neighbour, out var best) || score > best.Score)
                raised[neighbour] = (score, candidate);
        }

        // A memory no arm brought up is no better than the last one they did.
        var floor = fused.Count > 0 ? fused[^1].Score : 0;
        var unseen = raised.Keys.Where(n => !scores.ContainsKey(n)).Select(n => new FusedMemory(n, floor, null, null, null));
        return
        [
            .. fused.Concat(unseen)
                .Select(f => raised.TryGetValue(f.Memory, out var by)
                    ? f with { Score = (f.Score + (weight * by.Score)) / (1 + weight), RaisedBy = by.By }
                    : f with { Score = f.Score / (1 + weight) })
                .OrderByDescending(f => f.Score).ThenBy(f => f.Memory),
        ];
    }
}
