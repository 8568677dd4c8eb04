using Engram.Engine.Database;
using Engram.Engine.Memories;
using Engram.Engine.Providers;

namespace Engram.Engine.Embeddings;

/// <summary>Makes vectors that a tenant's own model owes: the provider is asked outside any transaction, the vectors are written under the run's lease.</summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="models">The tenants' models.</param>
/// <param name="time">The clock.</param>
public sealed class VectorMaker(TenantDb db, TenantModels models, TimeProvider time)
{
    // A few calls of a provider; a Worker that dies loses no more than these.
    private const int MemoriesAtOnce = 64;

    // Within the lease, whatever deadline an operation has here.
    private static readonly TimeSpan LongestTurn = TimeSpan.FromSeconds(30);

    private const string Missing = """
        select m.id, m.bucket_id, m.version, m.content from pending_vectors p
        join memories m on m.tenant_id = p.tenant_id and m.id = p.memory_id
        where p.tenant_id = $1 and p.model = $2 and not p.refused
        order by p.memory_id limit $3
        """;

    private const string HoldLease = """
        select 1 from embedding_runs where tenant_id = $1 and model = $2 and lease = $3 for share
        """;

    private const string HoldBuckets = "select id from buckets where tenant_id = $1 and id = any($2) order by id for key share";

    // An edit since has seen to its own vectors, and a memory that is gone needs none.
    private const string HoldMemories = """
        select m.id from memories m
        join unnest($2::uuid[], $3::int[]) as w (id, version) on m.id = w.id and m.version = w.version
        join pending_vectors p on p.tenant_id = m.tenant_id and p.model = $4 and p.memory_id = m.id
        where m.tenant_id = $1 order by m.id for share of m
        """;

    private const string DeletePending = "delete from pending_vectors where tenant_id = $1 and model = $2 and memory_id = any($3)";

    private const string Refuse = "update pending_vectors set refused = true, last_error = $4 where tenant_id = $1 and model = $2 and memory_id = any($3)";

    /// <summary>Makes the vectors of the oldest memories that lack them.</summary>
    /// <param name="run">Whose, and under which lease.</param>
    /// <param name="cancellationToken">Cancels the call, or the write before its commit.</param>
    /// <returns>How many memories have their vectors now.</returns>
    /// <exception cref="ProviderException">The provider failed; what it gave before is written.</exception>
    /// <exception cref="EngramException">The budget is used up, or the key does not open.</exception>
    internal async Task<int> MakeAsync(EmbeddingRun run, CancellationToken cancellationToken)
    {
        var missing = await ReadMissingAsync(run, cancellationToken);
        if (missing.Count == 0)
            return 0;
        var context = new LlmContext(run.Tenant, run.Lease, "embed", ModelRole.Embed) { Deadline = time.GetUtcNow() + LongestTurn };
        using var embedder = await models.EmbedderForAsync(context, cancellationToken);
        // Set to another model, or to none, since the run was taken.
        if (embedder is null || embedder.Space != run.Space)
            return 0;

        var vectors = new IReadOnlyList<float[]>?[missing.Count];
        List<Guid> refused = [];
        var written = 0;
        try
        {
            await OwnEmbeddings.EmbedAsync(embedder, [.. missing.Select(m => m.Content)], vectors, cancellationToken);
        }
        catch (ProviderException e) when (IsOfATextItself(e.Fault))
        {
            await EmbedSinglyAsync(embedder, missing, vectors, refused, e, cancellationToken);
        }
        finally
        {
            // What was paid for is kept, whatever came after it.
            if (!cancellationToken.IsCancellationRequested && (refused.Count > 0 || Array.Exists(vectors, v => v is not null)))
                written = await WriteAsync(run, missing, vectors, refused, cancellationToken);
        }

        return written;
    }

    /// <summary>Whether the provider may have refused the call for what one of its texts is: such as too long for the model.</summary>
    private static bool IsOfATextItself(ProviderFault fault) => fault.UpstreamStatus is 400 or 413 or 422;

    /// <summary>
    /// One refused text must not keep the others waiting for ever: each is sent by itself, and those refused again are set aside. A word that every
    /// model takes goes first, for where that is refused too it is not the texts.
    /// </summary>
    private static async Task EmbedSinglyAsync(
        TenantEmbedder embedder, List<MissingVectors> missing, IReadOnlyList<float[]>?[] vectors, List<Guid> refused, ProviderException fault, CancellationToken cancellationToken)
    {
        try
        {
            await embedder.EmbedAsync(["ready"], cancellationToken);
        }
        catch (ProviderException e) when (IsOfATextItself(e.Fault))
        {
            throw fault;
        }

        for (var i = 0; i < missing.Count; i++)
        {
            if (vectors[i] is not null)
                continue;
            try
            {
                var one = new IReadOnlyList<float[]>?[1];
                await OwnEmbeddings.EmbedAsync(embedder, [missing[i].Content], one, cancellationToken);
                vectors[i] = one[0];
            }
            catch (ProviderException e) when (IsOfATextItself(e.Fault))
            {
                refused.Add(missing[i].Memory);
            }
        }
    }

    private async Task<List<MissingVectors>> ReadMissingAsync(EmbeddingRun run, CancellationToken cancellationToken)
    {
        await using var batch = db.Batch(run.Tenant).Add(Missing, Sql.Uuid(run.Tenant.Id), Sql.Text(run.Space.Id), Sql.Int(MemoriesAtOnce));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var missing = new List<MissingVectors>();
        while (await reader.ReadAsync(cancellationToken))
            missing.Add(new MissingVectors(reader.GetGuid(0), reader.GetGuid(1), reader.GetInt32(2), reader.GetString(3)));
        return missing;
    }

    private async Task<int> WriteAsync(
        EmbeddingRun run, List<MissingVectors> missing, IReadOnlyList<float[]>?[] vectors, List<Guid> refused, CancellationToken cancellationToken)
    {
        var made = missing.Zip(vectors).Where(m => m.Second is not null).ToDictionary(m => m.First.Memory, m => (m.First.Bucket, m.First.Version, Vectors: m.Second!));
        var (tenant, space) = (Sql.Uuid(run.Tenant.Id), run.Space.Id);
        await using var transaction = await db.BeginAsync(run.Tenant, cancellationToken);
        var standing = await HoldAsync(transaction, run, made.ToDictionary(m => m.Key, m => (m.Value.Bucket, m.Value.Version)), cancellationToken);
        if (standing is null)
            return 0;
        await using var batch = transaction.Batch();
        foreach (var id in standing)
            batch.AddVectors(run.Tenant, made[id].Bucket, id, made[id].Vectors, space);
        batch.Add(DeletePending, tenant, Sql.Text(space), Sql.Uuids([.. standing]));
        if (refused.Count > 0)
            batch.Add(Refuse, Sql.Uuid(run.Tenant.Id), Sql.Text(space), Sql.Uuids([.. refused]), Sql.Text("The provider refused this text."));
        foreach (var bucket in standing.GroupBy(id => made[id].Bucket).OrderBy(b => b.Key))
            batch.AddVectorCount(run.Tenant, bucket.Key, bucket.Sum(id => made[id].Vectors.Count));
        await batch.ExecuteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return standing.Count;
    }

    /// <summary>Locks the lease, the buckets and the memories, in the order in which others do. Null where the lease is somebody else's by now.</summary>
    private static async Task<List<Guid>?> HoldAsync(
        TenantTransaction transaction, EmbeddingRun run, Dictionary<Guid, (Guid Bucket, int Version)> made, CancellationToken cancellationToken)
    {
        Guid[] ids = [.. made.Keys];
        await using var batch = transaction.Batch()
            .Add(HoldLease, Sql.Uuid(run.Tenant.Id), Sql.Text(run.Space.Id), Sql.Uuid(run.Lease))
            .Add(HoldBuckets, Sql.Uuid(run.Tenant.Id), Sql.Uuids([.. made.Values.Select(m => m.Bucket).Distinct()]))
            .Add(HoldMemories, Sql.Uuid(run.Tenant.Id), Sql.Uuids(ids), Sql.Ints(Array.ConvertAll(ids, id => made[id].Version)), Sql.Text(run.Space.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            return null;
        await reader.NextResultAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var standing = new List<Guid>();
        while (await reader.ReadAsync(cancellationToken))
            standing.Add(reader.GetGuid(0));
        return standing;
    }

    private sealed record MissingVectors(Guid Memory, Guid Bucket, int Version, string Content);
}
