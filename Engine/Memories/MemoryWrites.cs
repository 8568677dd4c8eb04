using System.Text.Json;
using Engram.Engine.Buckets;
using Engram.Engine.Database;

namespace Engram.Engine.Memories;

/// <summary>The statements that write memories and what makes them findable.</summary>
internal static class MemoryWrites
{
    // Shards of a bucket's counters; few, because every read of a bucket adds them up.
    private const int CounterShards = 4;

    private const string InsertBucket = "insert into buckets (tenant_id, id, name, languages, created_at, own_model, own_swept) values ($1, $2, $3, $4, $5, $6, $6)";

    private const string AddLanguage = """
        update buckets set languages = array_append(languages, $3)
        where tenant_id = $1 and id = $2 and not languages @> array[$3]
        """;

    // The lexemes come from PostgreSQL's own text search: stemming and stop words are the library's. The document's length is the number
    // of lexeme occurrences.
    private const string InsertMemory = """
        with lexemes as materialized (
            select lexeme, least(cardinality(positions), 32767)::smallint as tf from unnest(to_tsvector($7::regconfig, $4))
        ), length as (
            select coalesce(sum(tf), 0)::int as n from lexemes
        ), stored as (
            insert into memories (tenant_id, bucket_id, id, content, content_hash, token_count, language, metadata, user_id, agent_id, run_id,
                categories, occurred_at, extraction, unique_content, created_by, created_at, updated_at, lexeme_count)
            select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $17, n from length
        )
        insert into postings (tenant_id, bucket_id, lexeme, memory_id, tf, lexeme_count)
        select $1, $2, lexeme, $3, tf, n from lexemes, length
        """;

    private const string InsertVector = """
        insert into memory_vectors (tenant_id, bucket_id, model, memory_id, chunk, embedding)
        values ($1, $2, $3, $4, $5, $6::real[]::halfvec)
        """;

    // The tenant's setting as it is now, whatever a host has cached: a memory without the vectors it wants is noted with the memory itself.
    private const string NotePending = """
        insert into pending_vectors (tenant_id, model, memory_id, bucket_id)
        select $1, r.space, m.id, $2 from model_roles r cross join unnest($3::uuid[]) as m (id)
        where r.tenant_id = $1 and r.role = 'embed'
            and not exists (select from memory_vectors v where v.tenant_id = $1 and v.bucket_id = $2 and v.model = r.space and v.memory_id = m.id)
        on conflict do nothing
        """;

    private const string InsertJobs = """
        insert into jobs (tenant_id, id, bucket_id, memory_id, memory_version, run_after, created_at)
        select $1, j.id, $2, j.memory_id, $5, $6, $6 from unnest($3::uuid[], $4::uuid[]) as j (id, memory_id)
        """;

    private const string Count = """
        insert into bucket_counters (tenant_id, bucket_id, shard, memories, lexemes, vectors, content_bytes, last_write_at)
        select $1, $2, pg_backend_pid() % {0}, count(*), coalesce(sum(m.lexeme_count), 0), $4, coalesce(sum(octet_length(m.content)), 0), $5
        from memories m where m.tenant_id = $1 and m.id = any($3)
        on conflict (tenant_id, bucket_id, shard) do update set
            memories = bucket_counters.memories + excluded.memories,
            lexemes = bucket_counters.lexemes + excluded.lexemes,
            vectors = bucket_counters.vectors + excluded.vectors,
            content_bytes = bucket_counters.content_bytes + excluded.content_bytes,
            last_write_at = greatest(bucket_counters.last_write_at, excluded.last_write_at)
        """;

    private const string InsertMerged = """
        insert into memory_history (tenant_id, memory_id, sequence, change, content, metadata, categories, changed_by, changed_at)
        select $1, $2, coalesce(max(sequence), 0) + 1, 'merged', $3, $4, $5, $6, $7
        from memory_history where tenant_id = $1 and memory_id = $2
        """;

    private const string InsertIdempotency = """
        insert into idempotency_keys (tenant_id, key, request_hash, response, created_at) values ($1, $2, $3, $4, $5)
        """;

    private static readonly string CountSharded = Count.Replace("{0}", CounterShards.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);

    public static void AddBucket(this TenantBatch batch, Tenant tenant, BucketScope bucket, DateTimeOffset now) =>
        batch.Add(InsertBucket, Sql.Uuid(tenant.Id), Sql.Uuid(bucket.Id), Sql.Text(bucket.Name), Sql.Texts(bucket.Languages), Sql.Time(now), Sql.NullableText(bucket.OwnModel));

    public static void AddBucketLanguage(this TenantBatch batch, Tenant tenant, BucketScope bucket, string language) =>
        batch.Add(AddLanguage, Sql.Uuid(tenant.Id), Sql.Uuid(bucket.Id), Sql.Text(language));

    public static void AddMemory(this TenantBatch batch, Tenant tenant, BucketScope bucket, PreparedMemory memory, Guid? storedBy, string model, DateTimeOffset now)
    {
        var source = memory.Source;
        // A microsecond apart, so that a batch keeps its order: lists and the neighbours of a run go by it.
        var at = now.AddMicroseconds(memory.Index);
        batch.Add(
            InsertMemory,
            Sql.Uuid(tenant.Id), Sql.Uuid(bucket.Id), Sql.Uuid(memory.Id), Sql.Text(source.Content), Sql.Bytes(memory.Hash), Sql.Int(memory.TokenCount),
            Sql.Text(memory.Language), Sql.Json(JsonOf(source.Metadata)), Sql.NullableText(source.UserId), Sql.NullableText(source.AgentId),
            Sql.NullableText(source.RunId), Sql.Texts([.. source.Categories]), Sql.Time(source.OccurredAt ?? at),
            Sql.Text(source.Infer ? "pending" : "skipped"), Sql.Bool(source.Dedup != DedupPolicy.Off), Sql.Uuid(storedBy), Sql.Time(at));
        batch.AddVectors(tenant, bucket.Id, memory.Id, memory.Vectors, model);
    }

    public static void AddVectors(this TenantBatch batch, Tenant tenant, Guid bucketId, Guid memoryId, IReadOnlyList<float[]> vectors, string model)
    {
        for (var chunk = 0; chunk < vectors.Count; chunk++)
        {
            batch.Add(
                InsertVector, Sql.Uuid(tenant.Id), Sql.Uuid(bucketId), Sql.Text(model), Sql.Uuid(memoryId), Sql.Int(chunk), Sql.Reals(vectors[chunk]));
        }
    }

    /// <summary>Notes which of the memories, written by earlier statements of the same transaction, lack vectors of the tenant's own model.</summary>
    public static void AddPendingVectors(this TenantBatch batch, Tenant tenant, Guid bucketId, Guid[] memoryIds) =>
        batch.Add(NotePending, Sql.Uuid(tenant.Id), Sql.Uuid(bucketId), Sql.Uuids(memoryIds));

    public static void AddJobs(this TenantBatch batch, Tenant tenant, Guid bucketId, Guid[] memoryIds, int version, DateTimeOffset now)
    {
        if (memoryIds.Length == 0)
            return;
        var ids = Array.ConvertAll(memoryIds, _ => Guid.CreateVersion7(now));
        batch.Add(InsertJobs, Sql.Uuid(tenant.Id), Sql.Uuid(bucketId), Sql.Uuids(ids), Sql.Uuids(memoryIds), Sql.Int(version), Sql.Time(now));
    }

    /// <summary>Counts memories that earlier statements of the same transaction stored. Last, because it takes the one row writers share.</summary>
    public static void AddCount(this TenantBatch batch, Tenant tenant, Guid bucketId, Guid[] memoryIds, int vectors, DateTimeOffset now) =>
        batch.Add(CountSharded, Sql.Uuid(tenant.Id), Sql.Uuid(bucketId), Sql.Uuids(memoryIds), Sql.Int(vectors), Sql.Time(now));

    /// <summary>Counts vectors that were added to memories, or taken away, behind the back of whoever uses the bucket.</summary>
    public static void AddVectorCount(this TenantBatch batch, Tenant tenant, Guid bucketId, long vectors) => batch.Add(
        MemoryRemoval.Uncount, Sql.Uuid(tenant.Id), Sql.Uuid(bucketId), Sql.Int(0), Sql.Int(0), Sql.Long(vectors), Sql.Int(0), Sql.Time(DateTimeOffset.UnixEpoch));

    public static void AddMerged(this TenantBatch batch, Tenant tenant, Guid into, NewMemory merged, Guid? mergedBy, DateTimeOffset now) =>
        batch.Add(
            InsertMerged, Sql.Uuid(tenant.Id), Sql.Uuid(into), Sql.Text(merged.Content), Sql.Json(JsonOf(merged.Metadata)),
            Sql.Texts([.. merged.Categories]), Sql.Uuid(mergedBy), Sql.Time(now));

    public static void AddIdempotency(this TenantBatch batch, Tenant tenant, string key, byte[] requestHash, string response, DateTimeOffset now) =>
        batch.Add(InsertIdempotency, Sql.Uuid(tenant.Id), Sql.Text(key), Sql.Bytes(requestHash), Sql.Json(response), Sql.Time(now));

    public static string JsonOf(JsonElement metadata) => metadata.ValueKind == JsonValueKind.Object ? metadata.GetRawText() : "{}";
}
