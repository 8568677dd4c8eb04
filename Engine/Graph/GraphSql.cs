namespace Engram.Engine.Graph;

/// <summary>
/// The statements behind the graph's pages. Each is bounded whatever the bucket holds: an entity with more facts than are looked at is a hub, and
/// which of its facts are shown matters less than that the answer comes.
/// </summary>
internal static class GraphSql
{
    // $6: facts of the centre looked at in each direction. $7: neighbours in the first ring. $8: facts kept of each of them in the second.
    private const string Holds = "($4::timestamptz is null or ((t.valid_from is null or t.valid_from <= $4) and (t.valid_to is null or t.valid_to > $4)))";

    // What only quarantined memories say is not part of the graph, as in recall.
    private const string Said = """
        exists (
            select 1 from triple_sources x join memories m on m.tenant_id = x.tenant_id and m.id = x.memory_id
            where x.tenant_id = $1 and x.triple_id = t.id and m.status = 'stored'
        )
        """;

    private const string Columns = "t.id, t.subject_id, t.object_id, t.superseded_by is not null as superseded, t.confidence, t.created_at";

    private const string Ring = $"""
        all_near as materialized (
            (select t.*, t.object_id as other from triples t where t.tenant_id = $1 and t.bucket_id = $2 and t.subject_id = $3 limit $6)
            union all
            (select t.*, t.subject_id as other from triples t where t.tenant_id = $1 and t.bucket_id = $2 and t.object_id = $3 and t.subject_id <> $3 limit $6)
        ), near as materialized (
            select {Columns}, t.other from all_near t where {Holds} and {Said}
        ), neighbours as materialized (
            select other, min(case when superseded then 1 else 0 end) as stale, max(confidence) as confidence, max(created_at) as created_at
            from near where other <> $3 group by other
        ), ring1 as materialized (
            select other from neighbours order by stale, confidence desc, created_at desc, other limit $7
        )
        """;

    /// <summary>How many neighbours there are, and the times between which the centre's facts change. $1 tenant, $2 bucket, $3 centre, $4 as of.</summary>
    public const string Extent = $"""
        with {Ring}
        select (select count(*) from neighbours), (select min(valid_from) from all_near), (select max(greatest(valid_from, valid_to)) from all_near)
        """;

    /// <summary>
    /// Triples between the centre, its first ring and, for two hops, what each of the first ring's entities is best known for; best first. Depth is the
    /// distance of the farther end, $5 the number of hops, $9 the most memories of one.
    /// </summary>
    public const string Edges = $"""
        with {Ring}, second as (
            select f.id, f.other, r.other as via, row_number() over (partition by r.other order by f.superseded, f.confidence desc, f.created_at desc, f.id) as place
            from ring1 r
            cross join lateral (
                (select {Columns}, t.object_id as other from triples t
                 where t.tenant_id = $1 and t.bucket_id = $2 and t.subject_id = r.other and t.object_id <> $3 and {Holds} and {Said} limit 50)
                union
                (select {Columns}, t.subject_id as other from triples t
                 where t.tenant_id = $1 and t.bucket_id = $2 and t.object_id = r.other and t.subject_id <> $3 and {Holds} and {Said} limit 50)
            ) f
            where $5::int = 2
        ), chosen as (
            select n.id, 1 as depth, 0::bigint as place from near n where n.other = $3 or n.other in (select other from ring1)
            union all
            select distinct on (id) id, case when other in (select other from ring1) then 1 else 2 end, place
            from second where place <= $8 or other in (select other from ring1) order by 1, place
        )
        select t.id, t.subject_id, s.name, s.kind, t.predicate, t.object_id, o.name, o.kind, t.negated, t.confidence, t.valid_from, t.valid_to,
            t.superseded_by is not null, c.depth, ts.memories
        from chosen c
        join triples t on t.tenant_id = $1 and t.id = c.id
        join entities s on s.tenant_id = $1 and s.id = t.subject_id
        join entities o on o.tenant_id = $1 and o.id = t.object_id
        cross join lateral (
            select coalesce(array_agg(memory_id), '{"{}"}') as memories from (
                select x.memory_id from triple_sources x join memories m on m.tenant_id = x.tenant_id and m.id = x.memory_id
                where x.tenant_id = $1 and x.triple_id = t.id and m.status = 'stored' order by x.memory_id desc limit $9
            ) newest
        ) ts
        order by c.depth, c.place, t.superseded_by is not null, t.confidence desc, t.created_at desc, t.id
        """;

    /// <summary>How many facts each of some entities has, up to $4.</summary>
    public const string Degrees = """
        select e.id, least($4, (
            select count(*) from (
                (select t.id from triples t where t.tenant_id = $1 and t.bucket_id = $2 and t.subject_id = e.id limit $4)
                union
                (select t.id from triples t where t.tenant_id = $1 and t.bucket_id = $2 and t.object_id = e.id limit $4)
            ) facts))::int
        from unnest($3::uuid[]) as e (id)
        """;

    /// <summary>The entity of an id or of a normalised name, and its bucket.</summary>
    public const string Find = """
        select e.id, e.name, e.kind from entities e where e.tenant_id = $1 and e.bucket_id = $2 and e.id = $3
        union all
        select e.id, e.name, e.kind from entity_aliases a join entities e on e.tenant_id = a.tenant_id and e.id = a.entity_id
        where a.tenant_id = $1 and a.bucket_id = $2 and a.alias = $4
        limit 1
        """;

    /// <summary>What the newest memories speak of most. A name that begins with the sign of a literal is a value, not a thing.</summary>
    public const string Recent = """
        with newest as materialized (
            select m.id from memories m where m.tenant_id = $1 and m.bucket_id = $2 and m.status = 'stored' order by m.created_at desc, m.id desc limit 200
        ), facts as materialized (
            select distinct t.id, t.subject_id, t.object_id from newest n
            join triple_sources x on x.tenant_id = $1 and x.memory_id = n.id
            join triples t on t.tenant_id = $1 and t.id = x.triple_id
        ), spoken_of as (
            select e.id, sum(e.weight) as weight from facts f cross join lateral (values (f.subject_id, 2), (f.object_id, 1)) as e (id, weight) group by e.id
        )
        select e.id, e.name, e.kind from spoken_of s join entities e on e.tenant_id = $1 and e.id = s.id order by s.weight desc, e.name, e.id limit $3
        """;

    /// <summary>
    /// Entities by name: those with a name that begins so, and on the last page those with a name that has a word beginning so. $3 the beginning, $4 the last
    /// name of the page before or '', $5 one more than the page, $6 the beginning as a pattern.
    /// </summary>
    public const string ByName = """
        with starts as materialized (
            select a.alias, a.entity_id from entity_aliases a
            where a.tenant_id = $1 and a.bucket_id = $2 and a.alias ~>=~ $3 and a.alias ~<~ ($3 || chr(1114111)) and a.alias ~>~ $4
            order by a.alias using ~<~ limit $5
        ), words as (
            select w.alias, w.entity_id from (
                select a.alias, a.entity_id from entity_aliases a where a.tenant_id = $1 and a.bucket_id = $2 order by a.alias using ~<~ limit 50000
            ) w
            where $3 <> '' and (select count(*) from starts) < $5 and w.alias like $6 and not starts_with(w.alias, '=')
            order by w.alias using ~<~ limit $5
        ), named as (
            select alias, entity_id, 0 as place from starts where not starts_with(alias, '=') union all select alias, entity_id, 1 from words
        )
        select e.id, e.name, e.kind, n.alias, n.place, (select count(*) from starts) from named n join entities e on e.tenant_id = $1 and e.id = n.entity_id
        order by n.place, n.alias using ~<~ limit $5
        """;
}
