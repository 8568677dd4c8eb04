using System.Globalization;
using System.Text;
using Engram.Engine.Database;
using Engram.Engine.Prompts;
using Npgsql;

namespace Engram.Engine.Buckets;

/// <summary>What a profile is made of: the current facts of the most mentioned entities, and the newest memories.</summary>
internal sealed class ProfileMaterial
{
    private const int MaxEntities = 12;
    private const int MaxFactsPerEntity = 12;
    private const int MaxMemories = 40;
    private const int MemoryTokens = 3_000;
    private const int LongestMemory = 1_200;

    // The entities with most current facts, and of each the surest and newest.
    private const string Facts = """
        with current as (
            select t.subject_id, s.name as subject, t.predicate, o.name as object, t.negated, t.confidence, t.created_at, coalesce(t.valid_from, t.created_at) as at
            from triples t
            join entities s on s.tenant_id = t.tenant_id and s.id = t.subject_id
            join entities o on o.tenant_id = t.tenant_id and o.id = t.object_id
            where t.tenant_id = $1 and t.bucket_id = $2 and t.superseded_by is null and (t.valid_to is null or t.valid_to > $5)
        ), ranked as (
            select *, count(*) over (partition by subject_id) as facts,
                row_number() over (partition by subject_id order by confidence desc, created_at desc, predicate, object) as place
            from current
        ), entities as (
            select subject_id, row_number() over (order by max(facts) desc, min(subject)) as entity_place from ranked group by subject_id
        )
        select r.subject, r.predicate, r.object, r.negated, r.at
        from ranked r join entities e using (subject_id)
        where e.entity_place <= $3 and r.place <= $4
        order by e.entity_place, r.place
        """;

    private const string Newest = """
        select left(m.content, $4), m.occurred_at from memories m
        where m.tenant_id = $1 and m.bucket_id = $2 and m.status = 'stored' order by m.created_at desc, m.id desc limit $3
        """;

    private readonly List<(string Subject, string Statement, DateTimeOffset At)> _facts = [];
    private readonly List<(string Text, DateTimeOffset At)> _memories = [];

    /// <summary>Nothing to write about.</summary>
    public bool IsEmpty => _facts.Count == 0 && _memories.Count == 0;

    /// <summary>The words behind each number, from 1.</summary>
    public IReadOnlyList<string> Sources => [.. _facts.Select(f => $"{f.Subject} {f.Statement}"), .. _memories.Select(m => m.Text)];

    public static async Task<ProfileMaterial> ReadAsync(TenantDb db, Tenant tenant, Guid bucketId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var material = new ProfileMaterial();
        await using var batch = db.Batch(tenant)
            .Add(Facts, Sql.Uuid(tenant.Id), Sql.Uuid(bucketId), Sql.Int(MaxEntities), Sql.Int(MaxFactsPerEntity), Sql.Time(now))
            .Add(Newest, Sql.Uuid(tenant.Id), Sql.Uuid(bucketId), Sql.Int(MaxMemories), Sql.Int(LongestMemory));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
            material._facts.Add(ReadFact(reader));
        await reader.NextResultAsync(cancellationToken);
        var left = MemoryTokens;
        while (await reader.ReadAsync(cancellationToken))
        {
            var text = reader.GetString(0);
            left -= TokenEstimate.Of(text);
            if (left < 0)
                break;
            material._memories.Add((text, reader.GetFieldValue<DateTimeOffset>(1)));
        }

        return material;
    }

    /// <summary>One line per entity, from its facts alone.</summary>
    public string ByRules()
    {
        var text = new StringBuilder();
        string? subject = null;
        foreach (var fact in _facts)
        {
            text.Append(fact.Subject == subject ? "; " : text.Length == 0 ? $"{fact.Subject}: " : $".\n{fact.Subject}: ");
            subject = fact.Subject;
            text.Append(fact.Statement);
        }

        return text.Length == 0 ? "" : text.Append('.').ToString();
    }

    /// <summary>Numbered and fenced, facts first.</summary>
    public string Fenced()
    {
        var text = new StringBuilder();
        var number = 0;
        foreach (var (subject, statement, at) in _facts)
            text.Append(Fence.Fact(++number, at, $"{subject} {statement}")).Append('\n');
        foreach (var (words, at) in _memories)
            text.Append(Fence.Memory(++number, at, words)).Append('\n');
        return text.ToString();
    }

    private static (string Subject, string Statement, DateTimeOffset At) ReadFact(NpgsqlDataReader reader) => (
        reader.GetString(0),
        string.Create(CultureInfo.InvariantCulture, $"{(reader.GetBoolean(3) ? "not " : "")}{reader.GetString(1).Replace('_', ' ')} {reader.GetString(2)}"),
        reader.GetFieldValue<DateTimeOffset>(4));
}
