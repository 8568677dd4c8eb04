using System.Text.Json;
using Engram.Engine.Database;
using Engram.Engine.Embeddings;
using Engram.Engine.Extraction;
using Engram.Engine.Lanes;
using Engram.Engine.Latency;
using Engram.Engine.Providers;
using Npgsql;

namespace Engram.Engine.Memories;

/// <summary>Edits memories. What was there goes to the history; a new text gets new postings, new vectors and a new extraction.</summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="encoder">Encodes a new text.</param>
/// <param name="own">Vectors of the tenant's own model.</param>
/// <param name="lanes">Bounds how many stores and edits run at once.</param>
/// <param name="wakeUp">Tells the Worker that there is work.</param>
/// <param name="time">The clock.</param>
public sealed class MemoryEditor(TenantDb db, MemoryEncoder encoder, OwnEmbeddings own, WorkLanes lanes, WakeUp wakeUp, TimeProvider time)
{
    private const string Lock = """
        select m.bucket_id, m.content, m.user_id, m.agent_id, m.run_id, m.language, m.version, m.lexeme_count, m.extraction,
            (select count(*) from memory_vectors v where v.tenant_id = $1 and v.memory_id = m.id)
        from memories m join buckets b on b.tenant_id = m.tenant_id and b.id = m.bucket_id
        where m.tenant_id = $1 and m.id = $2 and (b.name = $3 or b.id::text = $3)
        for update of m
        """;

    private const string KeepHistory = """
        insert into memory_history (tenant_id, memory_id, sequence, change, content, metadata, categories, changed_by, changed_at)
        select $1, $2, (select coalesce(max(sequence), 0) + 1 from memory_history where tenant_id = $1 and memory_id = $2),
            'edited', content, metadata, categories, $3, $4
        from memories where tenant_id = $1 and id = $2
        """;

    private const string Update = """
        update memories set metadata = coalesce($3, metadata), categories = coalesce($4, categories), version = version + 1, updated_at = $5
        where tenant_id = $1 and id = $2
        """;

    private const string UpdateContent = """
        with lexemes as materialized (
            select lexeme, least(cardinality(positions), 32767)::smallint as tf from unnest(to_tsvector($6::regconfig, $3))
        ), length as (
            select coalesce(sum(tf), 0)::int as n from lexemes
        ), changed as (
            update memories set content = $3, content_hash = $4, token_count = $5, extraction = $8, lexeme_count = n from length
            where tenant_id = $1 and id = $2
        )
        insert into postings (tenant_id, bucket_id, lexeme, memory_id, tf, lexeme_count)
        select $1, $7, lexeme, $2, tf, n from lexemes, length
        """;

    private const string DeleteVectors = "delete from memory_vectors where tenant_id = $1 and memory_id = $2";

    private const string DeletePending = "delete from pending_vectors where tenant_id = $1 and memory_id = $2";

    // A job for an older version would write triples of a text that is gone.
    private const string DropJobs = "delete from jobs where tenant_id = $1 and memory_id = $2";

    private const string LexemeCount = "select lexeme_count from memories where tenant_id = $1 and id = $2";

    /// <summary>Edits a memory.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="memoryId">The memory.</param>
    /// <param name="edit">What to change.</param>
    /// <param name="editedBy">Id of the key that edits, or null.</param>
    /// <param name="timer">Gets the hops <c>embed</c> and <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <exception cref="EngramException">There is none, the input is wrong, or another memory of the bucket has the new text already.</exception>
    public async Task EditAsync(
        Tenant tenant, string bucket, Guid memoryId, MemoryEdit edit, Guid? editedBy, OpTimer timer, CancellationToken cancellationToken = default)
    {
        if (edit.Content is null && edit.Categories is null && edit.Metadata.ValueKind == JsonValueKind.Undefined)
            throw EngramException.Invalid("content", "Nothing to change: give content, metadata or categories.");
        MemoryLimits.CheckMetadata(edit.Metadata);
        if (edit.Categories is not null)
            MemoryLimits.CheckCategories(edit.Categories);
        using var stay = new LaneStay(await lanes.EnterAsync(OpClass.Store, tenant, timer, cancellationToken));
        var text = edit.Content is null ? NewText.None : await EncodeAsync(tenant, edit.Content, editedBy, stay, timer, cancellationToken);
        using var hop = timer.Measure(Hop.DbRead);
        try
        {
            var queued = await WriteAsync(tenant, bucket, memoryId, edit, text, editedBy, cancellationToken);
            if (queued)
                wakeUp.Signal();
        }
        catch (PostgresException e) when (e is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "memories_unique_content" })
        {
            throw new EngramException(FailureKind.Conflict, "Another memory of this bucket has this text already: delete one of them.", "content");
        }
    }

    private async Task<NewText> EncodeAsync(Tenant tenant, string content, Guid? editedBy, LaneStay stay, OpTimer timer, CancellationToken cancellationToken)
    {
        MemoryLimits.CheckContent(content);
        var spaceTask = own.SpaceOfAsync(tenant, cancellationToken).AsTask();
        NewText text;
        using (timer.Measure(Hop.Embed))
        {
            var (vectors, tokens) = await encoder.EncodeAsync(content, cancellationToken);
            text = new NewText(vectors, tokens, null, null);
        }

        if (await spaceTask is not { } space)
            return text;
        var ownVectors = own.ForStoreAsync(tenant, space, [content], editedBy, timer, cancellationToken);
        await lanes.StepOutAsync(OpClass.Store, stay, ownVectors, timer, cancellationToken);
        return text with { Space = space, OwnVectors = (await ownVectors)[0] };
    }

    private async Task<bool> WriteAsync(
        Tenant tenant, string bucket, Guid memoryId, MemoryEdit edit, NewText text, Guid? editedBy, CancellationToken cancellationToken)
    {
        await using var transaction = await db.BeginAsync(tenant, cancellationToken);
        var before = await LockAsync(transaction, tenant, bucket, memoryId, cancellationToken);
        var now = time.GetUtcNow();
        var newText = edit.Content is not null && edit.Content != before.Content;
        if (newText)
            await TripleRemoval.RemoveAsync(transaction, tenant, [memoryId], cancellationToken);

        var (id, memory) = (tenant.Id, memoryId);
        await using var batch = transaction.Batch()
            .Add(KeepHistory, Sql.Uuid(id), Sql.Uuid(memory), Sql.Uuid(editedBy), Sql.Time(now))
            .Add(
                Update, Sql.Uuid(id), Sql.Uuid(memory), Sql.NullableJson(edit.Metadata.ValueKind == JsonValueKind.Undefined ? null : MemoryWrites.JsonOf(edit.Metadata)),
                Sql.NullableTexts(edit.Categories is null ? null : [.. edit.Categories]), Sql.Time(now));
        var extracts = newText && before.Extraction != "skipped";
        if (newText)
        {
            batch.Add(MemoryRemoval.DeletePostings, Sql.Uuid(id), Sql.Uuid(memory))
                .Add(DeleteVectors, Sql.Uuid(id), Sql.Uuid(memory))
                .Add(DeletePending, Sql.Uuid(id), Sql.Uuid(memory))
                .Add(DropJobs, Sql.Uuid(id), Sql.Uuid(memory))
                .Add(
                    UpdateContent, Sql.Uuid(id), Sql.Uuid(memory), Sql.Text(edit.Content!),
                    Sql.Bytes(ContentHash.Of(edit.Content!, before.UserId, before.AgentId, before.RunId)), Sql.Int(text.Tokens), Sql.Text(before.Language),
                    Sql.Uuid(before.BucketId), Sql.Text(extracts ? "pending" : "skipped"));
            batch.AddVectors(tenant, before.BucketId, memory, text.Vectors, encoder.Model);
            if (text.OwnVectors is { } ownVectors)
                batch.AddVectors(tenant, before.BucketId, memory, ownVectors, text.Space!.Id);
            batch.AddPendingVectors(tenant, before.BucketId, [memory]);
            if (extracts)
                batch.AddJobs(tenant, before.BucketId, [memory], before.Version + 1, now);
        }

        batch.Add(LexemeCount, Sql.Uuid(id), Sql.Uuid(memory));
        var lexemes = before.Lexemes;
        await using (var reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            // Only the last statement returns a row, and the reader is on it.
            do
            {
                if (await reader.ReadAsync(cancellationToken))
                    lexemes = reader.GetInt32(0);
            }
            while (await reader.NextResultAsync(cancellationToken));
        }

        await using var count = transaction.Batch().Add(
            MemoryRemoval.Uncount, Sql.Uuid(id), Sql.Uuid(before.BucketId), Sql.Int(0), Sql.Int(lexemes - before.Lexemes),
            Sql.Long(newText ? text.Vectors.Count + (text.OwnVectors?.Count ?? 0) - before.Vectors : 0),
            Sql.Int(newText ? System.Text.Encoding.UTF8.GetByteCount(edit.Content!) - System.Text.Encoding.UTF8.GetByteCount(before.Content) : 0), Sql.Time(now));
        await count.ExecuteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return extracts;
    }

    private static async Task<Before> LockAsync(
        TenantTransaction transaction, Tenant tenant, string bucket, Guid memoryId, CancellationToken cancellationToken)
    {
        await using var batch = transaction.Batch()
            .Add(MemoryRemoval.HoldBucket, Sql.Uuid(tenant.Id), Sql.Text(bucket))
            .Add(Lock, Sql.Uuid(tenant.Id), Sql.Uuid(memoryId), Sql.Text(bucket));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw EngramException.NoMemory();
        return new Before(
            reader.GetGuid(0), reader.GetString(1), TextOrNull(reader, 2), TextOrNull(reader, 3), TextOrNull(reader, 4), reader.GetString(5), reader.GetInt32(6),
            reader.GetInt32(7), reader.GetString(8), reader.GetInt64(9));
    }

    private static string? TextOrNull(NpgsqlDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetString(ordinal);

    private sealed record NewText(IReadOnlyList<float[]> Vectors, int Tokens, VectorSpace? Space, IReadOnlyList<float[]>? OwnVectors)
    {
        public static NewText None { get; } = new([], 0, null, null);
    }

    private sealed record Before(
        Guid BucketId, string Content, string? UserId, string? AgentId, string? RunId, string Language, int Version, int Lexemes, string Extraction, long Vectors);
}
