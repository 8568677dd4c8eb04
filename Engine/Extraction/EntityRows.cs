using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Extraction;

/// <summary>Resolves the names of a memory's triples to entities of the bucket, making those that are new.</summary>
internal sealed class EntityRows
{
    private const string Select = "select alias, entity_id from entity_aliases where tenant_id = $1 and bucket_id = $2 and alias = any($3)";

    private const string InsertEntities = """
        insert into entities (tenant_id, bucket_id, id, name, kind)
        select $1, $2, e.id, e.name, e.kind from unnest($3::uuid[], $4::text[], $5::text[]) as e (id, name, kind)
        """;

    // In the order of the key, so that two writers of the same names wait for each other instead of deadlocking.
    private const string InsertAliases = """
        insert into entity_aliases (tenant_id, bucket_id, alias, entity_id)
        select $1, $2, a.alias, a.id from unnest($3::text[], $4::uuid[]) as a (alias, id) order by a.alias
        on conflict (tenant_id, bucket_id, alias) do nothing
        """;

    private const string DeleteUnnamed = """
        delete from entities e where e.tenant_id = $1 and e.id = any($2)
            and not exists (select 1 from entity_aliases a where a.tenant_id = e.tenant_id and a.entity_id = e.id)
        """;

    // The object of these predicates is another name of the subject, not a thing of its own.
    private static readonly HashSet<string> Naming = new(StringComparer.Ordinal) { "name", "full_name", "nickname", "also_known_as", "alias" };

    // Marks the alias of a literal, so that "Ann" as a name is not the entity Ann; no normalised name begins with it.
    private const char Literal = '=';

    private readonly Tenant _tenant;
    private readonly Guid _bucketId;
    private readonly IReadOnlyList<ExtractedTriple> _triples;
    private readonly Dictionary<string, (string Name, string? Kind)> _wanted = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Guid> _byAlias = new(StringComparer.Ordinal);

    public EntityRows(Tenant tenant, Guid bucketId, IReadOnlyList<ExtractedTriple> triples)
    {
        (_tenant, _bucketId, _triples) = (tenant, bucketId, triples);
        foreach (var triple in triples)
        {
            _wanted.TryAdd(EntityName.Normalize(triple.Subject), (triple.Subject, triple.SubjectKind));
            _wanted.TryAdd(AliasOfObject(triple), (triple.Object, triple.ObjectKind));
        }
    }

    public Guid SubjectOf(ExtractedTriple triple) => _byAlias[EntityName.Normalize(triple.Subject)];

    public Guid ObjectOf(ExtractedTriple triple) => _byAlias[AliasOfObject(triple)];

    /// <summary>Asks for the entities that are there, in the caller's batch.</summary>
    public void AddLookup(TenantBatch batch) => AddLookup(batch, _wanted.Keys);

    public async Task ReadLookupAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        while (await reader.ReadAsync(cancellationToken))
            _byAlias[reader.GetString(0)] = reader.GetGuid(1);
    }

    /// <summary>Makes the entities the lookup did not find. One round trip, or none.</summary>
    public async Task CreateMissingAsync(TenantTransaction transaction, CancellationToken cancellationToken)
    {
        var created = _wanted.Where(w => !_byAlias.ContainsKey(w.Key)).Select(w => (Alias: w.Key, Id: Guid.CreateVersion7(), w.Value.Name, w.Value.Kind)).ToArray();
        if (created.Length == 0)
            return;
        Guid[] ids = [.. created.Select(c => c.Id)];
        string[] aliases = [.. created.Select(c => c.Alias)];
        await using var batch = transaction.Batch()
            .Add(
                InsertEntities, Sql.Uuid(_tenant.Id), Sql.Uuid(_bucketId), Sql.Uuids(ids), Sql.Texts([.. created.Select(c => Cut(c.Name))]),
                Sql.Texts([.. created.Select(c => c.Kind!)]))
            .Add(InsertAliases, Sql.Uuid(_tenant.Id), Sql.Uuid(_bucketId), Sql.Texts(aliases), Sql.Uuids(ids))
            .Add(DeleteUnnamed, Sql.Uuid(_tenant.Id), Sql.Uuids(ids));
        // Another writer may have been first with a name: its entity is the one.
        AddLookup(batch, aliases);
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await ReadLookupAsync(reader, cancellationToken);
    }

    /// <summary>Adds the names that the triples give their subjects.</summary>
    public void AddNames(TenantBatch batch)
    {
        var names = _triples.Where(t => Naming.Contains(t.Predicate) && !t.Negated)
            .Select(t => (Alias: EntityName.Normalize(t.Object), Id: SubjectOf(t))).DistinctBy(n => n.Alias).ToArray();
        if (names.Length > 0)
            batch.Add(InsertAliases, Sql.Uuid(_tenant.Id), Sql.Uuid(_bucketId), Sql.Texts([.. names.Select(n => n.Alias)]), Sql.Uuids([.. names.Select(n => n.Id)]));
    }

    private void AddLookup(TenantBatch batch, IEnumerable<string> aliases) =>
        batch.Add(Select, Sql.Uuid(_tenant.Id), Sql.Uuid(_bucketId), Sql.Texts([.. aliases]));

    private static string AliasOfObject(ExtractedTriple triple)
    {
        var alias = EntityName.Normalize(triple.Object);
        return Naming.Contains(triple.Predicate) ? Literal + alias : alias;
    }

    private static string Cut(string name) => name.Length > EntityName.MaxLength ? name[..EntityName.MaxLength] : name;
}
