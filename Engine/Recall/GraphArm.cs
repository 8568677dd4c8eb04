using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Memories;
using Npgsql;

namespace Engram.Engine.Recall;

/// <summary>
/// From the entities a query names over one or two hops to facts, and from the facts to the memories that say them. A fact weighs more the closer
/// it is, the surer it is, the fewer facts its entity has, and the more of the query's other words it answers.
/// </summary>
internal static class GraphArm
{
    // An entity with more facts than this is a hub: its neighbours say little about the query.
    private const int MaxFactsPerHop = 120;
    private const int HubDegree = 50;

    // A fact that many memories repeat leads to the newest few.
    private const int MaxSourcesPerFact = 2;

    // With this many facts at hand, those a hop further only cost time.
    private const int EnoughFacts = 40;
    private const double SecondHop = 0.4;
    private const double SupersededFact = 0.5;

    private const string Facts = """
        with seeds as materialized (
            select distinct a.entity_id, a.alias from entity_aliases a
            where a.tenant_id = $1 and a.bucket_id = $2 and a.alias = any($3)
        ), seed_ids as materialized (
            select distinct entity_id from seeds
        ), out1 as (
            (select t.id, t.subject_id, t.object_id, t.subject_id as via from seed_ids s join triples t on t.tenant_id = $1 and t.bucket_id = $2 and t.subject_id = s.entity_id limit $4)
            union
            (select t.id, t.subject_id, t.object_id, t.object_id as via from seed_ids s join triples t on t.tenant_id = $1 and t.bucket_id = $2 and t.object_id = s.entity_id limit $4)
        ), hop1 as materialized (
            select distinct on (id) id, subject_id, object_id, via, count(*) over (partition by via) as degree from out1 order by id, via
        ), frontier as materialized (
            select distinct case when via = subject_id then object_id else subject_id end as entity_id
            from hop1 where degree <= $5 and (select count(*) from hop1) < $8
            except select entity_id from seed_ids
        ), hop2 as materialized (
            (select t.id, f.entity_id as via from frontier f join triples t on t.tenant_id = $1 and t.bucket_id = $2 and t.subject_id = f.entity_id limit $4)
            union
            (select t.id, f.entity_id as via from frontier f join triples t on t.tenant_id = $1 and t.bucket_id = $2 and t.object_id = f.entity_id limit $4)
        ), facts as (
            select id, 1 as depth, degree from hop1
            union all
            select distinct on (h.id) h.id, 2, count(*) over (partition by h.via) from hop2 h where not exists (select 1 from hop1 x where x.id = h.id)
        )
        select s.name, t.predicate, o.name, t.negated, t.superseded_by is not null, ts.memory_id, f.depth, ts.confidence, f.degree,
            coalesce(t.valid_from, m.occurred_at), t.id
        from facts f
        join triples t on t.tenant_id = $1 and t.id = f.id
        cross join lateral (
            select x.memory_id, x.confidence from triple_sources x where x.tenant_id = $1 and x.triple_id = t.id order by x.memory_id desc limit $7
        ) ts
        join memories m on m.tenant_id = $1 and m.id = ts.memory_id
        join entities s on s.tenant_id = $1 and s.id = t.subject_id
        join entities o on o.tenant_id = $1 and o.id = t.object_id
        where m.status = 'stored' and ($6::timestamptz is null or ((t.valid_from is null or t.valid_from <= $6) and (t.valid_to is null or t.valid_to > $6)))
        """;

    private const string Named = """
        select distinct e.name, a.alias from entity_aliases a join entities e on e.tenant_id = a.tenant_id and e.id = a.entity_id
        where a.tenant_id = $1 and a.bucket_id = $2 and a.alias = any($3)
        """;

    /// <summary>Adds two statements: the entities named, and the facts around them.</summary>
    public static void Add(TenantBatch batch, Tenant tenant, BucketScope bucket, string[] names, MemoryFilter? filter, DateTimeOffset? asOf)
    {
        batch.Add(Named, Sql.Uuid(tenant.Id), Sql.Uuid(bucket.Id), Sql.Texts(names));
        List<NpgsqlParameter> parameters =
            [Sql.Uuid(tenant.Id), Sql.Uuid(bucket.Id), Sql.Texts(names), Sql.Int(MaxFactsPerHop), Sql.Int(HubDegree), Sql.Time(asOf), Sql.Int(MaxSourcesPerFact), Sql.Int(EnoughFacts)];
        batch.Add(Facts + MemoryFilterSql.Append(filter, parameters), [.. parameters]);
    }

    /// <summary>Reads the result of the facts statement.</summary>
    public static async Task<List<GraphFact>> ReadAsync(
        NpgsqlDataReader reader, BucketScope bucket, IReadOnlySet<string> queryStems, bool current, CancellationToken cancellationToken)
    {
        var facts = new List<GraphFact>();
        // A fact comes once for each memory that says it.
        var coverages = new Dictionary<Guid, double>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var (subject, predicate, @object) = (reader.GetString(0), reader.GetString(1), reader.GetString(2));
            var superseded = reader.GetBoolean(4);
            var depth = reader.GetInt32(6);
            if (!coverages.TryGetValue(reader.GetGuid(10), out var coverage))
                coverages[reader.GetGuid(10)] = coverage = Coverage(subject, predicate, @object, queryStems);
            var weight = Weight(depth, reader.GetFloat(7), reader.GetInt64(8), superseded && current, coverage);
            facts.Add(new GraphFact(
                subject, predicate, @object, reader.GetBoolean(3), superseded, reader.GetGuid(5), bucket.Id, bucket.Name, depth, weight,
                reader.GetFieldValue<DateTimeOffset>(9)));
        }

        return facts;
    }

    /// <summary>
    /// 0 to 1: confidence, halved by distance and by having been superseded, damped by the logarithm of the entity's number of facts, and raised
    /// by the share of the query's words the fact holds.
    /// </summary>
    internal static double Weight(int depth, double confidence, long degree, bool superseded, double coverage)
    {
        var near = depth == 1 ? 1 : SecondHop;
        var specific = 1 / (1 + Math.Log(Math.Max(1, degree)));
        return confidence * near * (superseded ? SupersededFact : 1) * ((0.3 * specific) + (0.7 * coverage));
    }

    private static double Coverage(string subject, string predicate, string @object, IReadOnlySet<string> queryStems)
    {
        if (queryStems.Count == 0)
            return 0;
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var word in QueryEntities.Words($"{subject} {predicate.Replace('_', ' ')} {@object}"))
        {
            var stem = Stem(word);
            if (queryStems.Contains(stem))
                found.Add(stem);
        }

        return (double)found.Count / queryStems.Count;
    }

    /// <summary>Content words of a query, crudely stemmed: enough to see that "live" and "lives_in" are one.</summary>
    public static IReadOnlySet<string> Stems(string query) =>
        QueryEntities.Words(query).Select(w => w.ToLowerInvariant()).Where(w => !QueryEntities.IsStop(w)).Select(Stem).ToHashSet(StringComparer.Ordinal);

    private static string Stem(string word)
    {
        var lower = word.ToLowerInvariant();
        foreach (var ending in (ReadOnlySpan<string>)["ing", "ied", "ies", "ed", "es", "s", "e"])
        {
            if (lower.Length > ending.Length + 2 && lower.EndsWith(ending, StringComparison.Ordinal))
                return lower[..^ending.Length];
        }

        return lower;
    }
}
