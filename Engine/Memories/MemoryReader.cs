using System.Text;
using System.Text.Json;
using Engram.Engine.Buckets;
using Engram.Engine.Database;
using Engram.Engine.Extraction;
using Engram.Engine.Latency;
using Npgsql;

namespace Engram.Engine.Memories;

/// <summary>Lists and fetches memories.</summary>
/// <param name="db">The door to tenant rows.</param>
public sealed class MemoryReader(TenantDb db)
{
    /// <summary>Most memories of one page.</summary>
    public const int MaxPage = 100;

    internal const string Columns = """
        m.id, m.bucket_id, m.content, m.token_count, m.language, m.metadata, m.user_id, m.agent_id, m.run_id, m.categories, m.occurred_at, m.status,
        m.extraction, m.version, m.created_at, m.updated_at
        """;

    private const int ColumnCount = 16;

    private const string Bucket = "(select id from buckets where tenant_id = $1 and name = $2)";

    private const string One = $"""
        select {Columns}, b.name from memories m join buckets b on b.tenant_id = m.tenant_id and b.id = m.bucket_id
        where m.tenant_id = $1 and m.id = $2 and (b.name = $3 or b.id::text = $3)
        """;

    private const string Triples = """
        select t.id, s.name, t.predicate, o.name, t.negated, ts.confidence, t.valid_from, t.valid_to, t.superseded_by is not null,
            ts.span_start, ts.span_length, ts.extractor,
            (select count(*)::int from triple_sources o where o.tenant_id = ts.tenant_id and o.triple_id = ts.triple_id and o.memory_id <> ts.memory_id)
        from triple_sources ts
        join triples t on t.tenant_id = ts.tenant_id and t.id = ts.triple_id
        join entities s on s.tenant_id = t.tenant_id and s.id = t.subject_id
        join entities o on o.tenant_id = t.tenant_id and o.id = t.object_id
        where ts.tenant_id = $1 and ts.memory_id = $2
        order by ts.span_start, ts.span_length, t.id
        """;

    private const string History = """
        select sequence, change, content, metadata, categories, changed_at from memory_history
        where tenant_id = $1 and memory_id = $2 order by sequence
        """;

    private const string Job = $"""
        select {ExtractionReport.Columns} from jobs j where j.tenant_id = $1 and j.memory_id = $2 order by j.memory_version desc limit 1
        """;

    // Most memories have neither metadata nor categories, and reading a null costs nothing.
    private const string FirstPage = """
        select m.id, m.bucket_id, m.content, m.token_count, m.language, nullif(m.metadata, '{}'), m.user_id, m.agent_id, m.run_id, nullif(m.categories, '{}'),
            m.occurred_at, m.status, m.extraction, m.version, m.created_at, m.updated_at, m.total, m.fingerprint, m.state
        from engram.memory_page($1, $2, $3, $4, $5, $6) m
        """;

    // What the metadata of most memories is.
    private static readonly JsonElement NoMetadata = JsonElement.Parse("{}");

    /// <summary>A page of a bucket, newest first. One round trip.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="limit">1 to 100.</param>
    /// <param name="offset">Skips this many; for small offsets. 0 with a cursor.</param>
    /// <param name="cursor"><see cref="MemoryPage.Next"/> of the page before, or null.</param>
    /// <param name="filter">A condition, or null.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="EngramException">The bucket is unknown or an argument out of range.</exception>
    public async Task<MemoryPage> ListAsync(
        Tenant tenant, string bucket, int limit, int offset, string? cursor, MemoryFilter? filter, OpTimer timer, CancellationToken cancellationToken = default)
    {
        if (offset is < 0 or > 100_000)
            throw EngramException.Invalid("offset", "offset must be 0 to 100000; use the cursor to go further.");
        var from = MemoryCursor.Parse(cursor);
        if (from is null && offset == 0 && filter is null)
            return (await FirstPageAsync(tenant, bucket, limit, known: null, timer, cancellationToken)).Page!;
        Check(bucket, limit);

        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = BucketScope.AddTo(db.Batch(tenant), tenant, [bucket]);
        AddPage(batch, tenant, bucket, limit, offset, from, filter);
        if (filter is not null)
            AddTotal(batch, tenant, bucket, filter);

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var scope = (await BucketScope.ReadAsync(reader, cancellationToken)).FirstOrDefault() ?? throw EngramException.NoBucket(bucket);
        await reader.NextResultAsync(cancellationToken);
        var memories = new List<Memory>(limit);
        while (await reader.ReadAsync(cancellationToken))
            memories.Add(Read(reader));
        var total = scope.Memories;
        if (filter is not null)
        {
            await reader.NextResultAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            total = reader.GetInt64(0);
        }

        return Page(scope.Id, scope.Name, memories, limit, total);
    }

    /// <summary>The first page of a bucket, newest first, for callers that keep what they made of it. One round trip.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="limit">1 to 100.</param>
    /// <param name="known">The version that came with the page the caller kept of this tenant, bucket and limit, or null.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The page, null where it still is the one the caller kept; and the version to keep with it.</returns>
    /// <exception cref="EngramException">The bucket is unknown or an argument out of range.</exception>
    public async Task<(MemoryPage? Page, PageVersion Version)> FirstPageAsync(
        Tenant tenant, string bucket, int limit, PageVersion? known, OpTimer timer, CancellationToken cancellationToken = default)
    {
        Check(bucket, limit);
        using var hop = timer.Measure(Hop.DbRead);
        await using var command = db.Function(tenant, FirstPage);
        var isId = Guid.TryParse(bucket, out var bucketId);
        command.Parameters.Add(Sql.NullableText(isId ? null : bucket));
        command.Parameters.Add(Sql.Uuid(isId ? bucketId : (Guid?)null));
        command.Parameters.Add(Sql.Int(limit + 1));
        command.Parameters.Add(Sql.NullableLong(known?.Fingerprint));
        command.Parameters.Add(Sql.NullableLong(known?.State));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw EngramException.NoBucket(bucket);
        var version = new PageVersion(reader.GetInt64(ColumnCount + 1), reader.IsDBNull(ColumnCount + 2) ? null : reader.GetInt64(ColumnCount + 2));
        if (version.Fingerprint == known?.Fingerprint)
            return (null, version);

        var (id, name, total) = (reader.GetGuid(1), reader.GetString(2), reader.GetInt64(ColumnCount));
        var memories = new List<Memory>(limit + 1);
        while (await reader.ReadAsync(cancellationToken))
            memories.Add(Read(reader));
        return (Page(id, name, memories, limit, total), version);
    }

    /// <summary>One memory with its triples and history. One round trip.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="memoryId">The memory.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="EngramException">There is none.</exception>
    public async Task<MemoryDetail> GetAsync(Tenant tenant, string bucket, Guid memoryId, OpTimer timer, CancellationToken cancellationToken = default)
    {
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = db.Batch(tenant)
            .Add(One, Sql.Uuid(tenant.Id), Sql.Uuid(memoryId), Sql.Text(bucket))
            .Add(Triples, Sql.Uuid(tenant.Id), Sql.Uuid(memoryId))
            .Add(History, Sql.Uuid(tenant.Id), Sql.Uuid(memoryId))
            .Add(Job, Sql.Uuid(tenant.Id), Sql.Uuid(memoryId));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw EngramException.NoMemory();
        var memory = Read(reader);
        var bucketName = reader.GetString(ColumnCount);

        await reader.NextResultAsync(cancellationToken);
        var triples = new List<MemoryTriple>();
        while (await reader.ReadAsync(cancellationToken))
        {
            triples.Add(new MemoryTriple(
                reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetBoolean(4), Math.Round(reader.GetFloat(5), 3),
                TimeOrNull(reader, 6), TimeOrNull(reader, 7), reader.GetBoolean(8), reader.GetInt32(9), reader.GetInt32(10), reader.GetString(11),
                reader.GetInt32(12)));
        }

        await reader.NextResultAsync(cancellationToken);
        var history = new List<MemoryRevision>();
        while (await reader.ReadAsync(cancellationToken))
        {
            history.Add(new MemoryRevision(
                reader.GetInt32(0), reader.GetString(1), reader.GetString(2), JsonOf(reader, 3), reader.GetFieldValue<string[]>(4),
                reader.GetFieldValue<DateTimeOffset>(5)));
        }

        await reader.NextResultAsync(cancellationToken);
        var job = await reader.ReadAsync(cancellationToken) ? ExtractionReport.Read(reader) : null;
        return new MemoryDetail(memory, bucketName, triples, history, job);
    }

    internal static Memory Read(NpgsqlDataReader reader) => new()
    {
        Id = reader.GetGuid(0),
        BucketId = reader.GetGuid(1),
        Content = reader.GetString(2),
        TokenCount = reader.GetInt32(3),
        Language = reader.GetString(4),
        Metadata = reader.IsDBNull(5) ? NoMetadata : JsonOf(reader, 5),
        UserId = TextOrNull(reader, 6),
        AgentId = TextOrNull(reader, 7),
        RunId = TextOrNull(reader, 8),
        Categories = reader.IsDBNull(9) ? [] : reader.GetFieldValue<string[]>(9),
        OccurredAt = reader.GetFieldValue<DateTimeOffset>(10),
        Status = reader.GetString(11),
        Extraction = StateOf(reader.GetString(12)),
        Version = reader.GetInt32(13),
        CreatedAt = reader.GetFieldValue<DateTimeOffset>(14),
        UpdatedAt = reader.GetFieldValue<DateTimeOffset>(15),
    };

    private static void Check(string bucket, int limit)
    {
        if (limit is < 1 or > MaxPage)
            throw EngramException.Invalid("limit", $"limit must be 1 to {MaxPage}.");
        if (!Guid.TryParse(bucket, out _))
            BucketName.Check(bucket);
    }

    private static MemoryPage Page(Guid bucketId, string bucketName, List<Memory> memories, int limit, long total)
    {
        // One row more than asked for tells whether there is a next page.
        string? next = null;
        if (memories.Count > limit)
        {
            memories.RemoveAt(limit);
            next = MemoryCursor.After(memories[^1]);
        }

        return new MemoryPage(bucketId, bucketName, memories, total, next);
    }

    private static void AddPage(
        TenantBatch batch, Tenant tenant, string bucket, int limit, int offset, (DateTimeOffset CreatedAt, Guid Id)? from, MemoryFilter? filter)
    {
        var sql = new StringBuilder($"select {Columns} from memories m where m.tenant_id = $1 and m.bucket_id = ").Append(BucketOf(bucket));
        List<NpgsqlParameter> parameters = [Sql.Uuid(tenant.Id), BucketParameter(bucket), Sql.Int(limit + 1), Sql.Int(offset)];
        if (from is { } cursor)
        {
            sql.Append(" and (m.created_at, m.id) < ($5, $6)");
            parameters.Add(Sql.Time(cursor.CreatedAt));
            parameters.Add(Sql.Uuid(cursor.Id));
        }

        sql.Append(MemoryFilterSql.Append(filter, parameters)).Append(" order by m.created_at desc, m.id desc limit $3 offset $4");
        batch.Add(sql.ToString(), [.. parameters]);
    }

    private static void AddTotal(TenantBatch batch, Tenant tenant, string bucket, MemoryFilter filter)
    {
        List<NpgsqlParameter> parameters = [Sql.Uuid(tenant.Id), BucketParameter(bucket)];
        var condition = MemoryFilterSql.Append(filter, parameters);
        batch.Add($"select count(*) from memories m where m.tenant_id = $1 and m.bucket_id = {BucketOf(bucket)}{condition}", [.. parameters]);
    }

    private static ExtractionState StateOf(string state) => state switch
    {
        "pending" => ExtractionState.Pending,
        "extracted" => ExtractionState.Extracted,
        "skipped" => ExtractionState.Skipped,
        "failed" => ExtractionState.Failed,
        _ => throw new InvalidOperationException($"The database holds the unknown extraction state '{state}'."),
    };

    private static string BucketOf(string bucket) => Guid.TryParse(bucket, out _) ? "$2" : Bucket;

    private static NpgsqlParameter BucketParameter(string bucket) => Guid.TryParse(bucket, out var id) ? Sql.Uuid(id) : Sql.Text(bucket);

    private static JsonElement JsonOf(NpgsqlDataReader reader, int ordinal)
    {
        var json = reader.GetString(ordinal);
        return json == "{}" ? NoMetadata : JsonElement.Parse(json);
    }

    private static string? TextOrNull(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    private static DateTimeOffset? TimeOrNull(NpgsqlDataReader reader, int ordinal) =>
        reader.IsDBNull(ordinal) ? null : reader.GetFieldValue<DateTimeOffset>(ordinal);
}
