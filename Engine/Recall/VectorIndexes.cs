using System.Globalization;
using Engram.Engine.Database;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.Engine.Recall;

/// <summary>
/// Gives a bucket an HNSW index of its own once an exact scan of it costs more. One index for all tenants would filter after its scan: a small
/// tenant would pay for the large ones.
/// </summary>
/// <param name="db">The door that spans tenants; its role owns the table of vectors.</param>
/// <param name="log">Tells of each index built.</param>
public sealed class VectorIndexes(SystemDb db, ILogger<VectorIndexes> log)
{
    /// <summary>Vectors from which a bucket gets its index: the measured crossover (docs/decisions).</summary>
    public const int Crossover = 5_000;

    // The counters count the vectors of all models, so they only say where to count exactly. A tenant's own model has a slash in its id; a bucket
    // gets the index over its vectors before its queries turn to them.
    private const string Candidates = """
        with large as (
            select c.tenant_id, c.bucket_id, b.vector_index, b.own_index, b.own_swept
            from bucket_counters c join buckets b on b.tenant_id = c.tenant_id and b.id = c.bucket_id
            where b.vector_index is null or (b.own_swept is not null and b.own_index is null)
            group by c.tenant_id, c.bucket_id, b.vector_index, b.own_index, b.own_swept having sum(c.vectors) >= $1
        ), wanted as (
            select l.tenant_id, l.bucket_id,
                (select v.model from memory_vectors v where v.tenant_id = l.tenant_id and v.bucket_id = l.bucket_id and strpos(v.model, '/') = 0 limit 1) as model
            from large l where l.vector_index is null
            union all
            select l.tenant_id, l.bucket_id, l.own_swept from large l
            where l.own_index is null and not exists (
                select from pending_vectors p where p.tenant_id = l.tenant_id and p.bucket_id = l.bucket_id and p.model = l.own_swept and not p.refused)
        )
        select w.tenant_id, w.bucket_id, w.model from wanted w
        where (select count(*) from (
            select from memory_vectors v where v.tenant_id = w.tenant_id and v.bucket_id = w.bucket_id and v.model = w.model limit $1) enough) >= $1
        limit 10
        """;

    private const string Dimensions = """
        select vector_dims(embedding) from memory_vectors where tenant_id = $1 and bucket_id = $2 and model = $3 limit 1
        """;

    // Taken for the session, because CREATE INDEX CONCURRENTLY runs in transactions of its own.
    private const string TryLock = "select pg_try_advisory_lock(hashtextextended('engram vector index', 0))";
    private const string Unlock = "select pg_advisory_unlock(hashtextextended('engram vector index', 0))";

    private const string SetIndex = "update buckets set vector_index = $3 where tenant_id = $1 and id = $2";
    private const string SetOwnIndex = "update buckets set own_index = $3 where tenant_id = $1 and id = $2 and own_swept = $4";

    // Left behind by a build that was cut off, or by a bucket that was deleted.
    private const string Orphans = """
        select i.relname from pg_index x join pg_class i on i.oid = x.indexrelid
        where x.indrelid = 'memory_vectors'::regclass and i.relname like 'hnsw\_%'
            and not exists (select 1 from buckets b where b.vector_index = i.relname or b.own_index = i.relname)
        """;

    /// <summary>Builds the indexes that are due and drops those whose bucket is gone. One Worker at a time does it.</summary>
    /// <param name="crossover">Vectors from which a bucket gets its index.</param>
    /// <param name="cancellationToken">Cancels the build; its remains are dropped by the next run.</param>
    /// <returns>How many indexes were built.</returns>
    public async Task<int> MaintainAsync(int crossover = Crossover, CancellationToken cancellationToken = default)
    {
        await using var connection = await db.OpenAsync(cancellationToken);
        await using (var tryLock = new NpgsqlCommand(TryLock, connection))
        {
            if (await tryLock.ExecuteScalarAsync(cancellationToken) is not true)
                return 0;
        }

        try
        {
            await DropOrphansAsync(connection, cancellationToken);
            var due = await FindDueAsync(connection, crossover, cancellationToken);
            foreach (var (tenant, bucket, model) in due)
            {
                await using var dimensions = new NpgsqlCommand(Dimensions, connection) { Parameters = { Sql.Uuid(tenant.Id), Sql.Uuid(bucket), Sql.Text(model) } };
                if (await dimensions.ExecuteScalarAsync(cancellationToken) is int count)
                    await BuildAsync(tenant, bucket, model, count, cancellationToken);
            }

            return due.Count;
        }
        finally
        {
            await using var unlock = new NpgsqlCommand(Unlock, connection);
            await unlock.ExecuteNonQueryAsync(CancellationToken.None);
        }
    }

    /// <summary>Builds a bucket's index without blocking its writers, and turns its queries to it.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">The bucket.</param>
    /// <param name="model">The model whose vectors are indexed.</param>
    /// <param name="dimensions">Their dimensions.</param>
    /// <param name="cancellationToken">Cancels the build.</param>
    /// <returns>The index's name.</returns>
    internal async Task<string> BuildAsync(Tenant tenant, Guid bucket, string model, int dimensions, CancellationToken cancellationToken)
    {
        var isOwn = model.Contains('/', StringComparison.Ordinal);
        // A bucket may have one over the vectors of each: the local encoder's and the tenant's own model's, whose id ends in a hash.
        var name = isOwn ? $"hnsw_{bucket:N}_{model[^8..]}" : $"hnsw_{bucket:N}";
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        await using var connection = await db.OpenAsync(cancellationToken);
        await ExecuteAsync(connection, $"drop index concurrently if exists {name}", cancellationToken);
        await ExecuteAsync(connection, string.Create(CultureInfo.InvariantCulture, $"""
            create index concurrently {name} on memory_vectors using hnsw ((embedding::halfvec({dimensions})) halfvec_cosine_ops)
            where {VectorSql.IndexPredicate("", tenant, bucket, model)}
            """), cancellationToken);
        await using var set = new NpgsqlCommand(isOwn ? SetOwnIndex : SetIndex, connection) { Parameters = { Sql.Uuid(tenant.Id), Sql.Uuid(bucket), Sql.Text(name) } };
        if (isOwn)
            set.Parameters.Add(Sql.Text(model));
        await set.ExecuteNonQueryAsync(cancellationToken);
        log.VectorIndexBuilt(bucket, System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalSeconds);
        return name;
    }

    private static async Task<List<(Tenant Tenant, Guid Bucket, string Model)>> FindDueAsync(NpgsqlConnection connection, int crossover, CancellationToken cancellationToken)
    {
        var due = new List<(Tenant, Guid, string)>();
        await using var command = new NpgsqlCommand(Candidates, connection) { Parameters = { Sql.Int(crossover) } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (!reader.IsDBNull(2))
                due.Add((new Tenant(reader.GetGuid(0)), reader.GetGuid(1), reader.GetString(2)));
        }

        return due;
    }

    private static async Task DropOrphansAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var orphans = new List<string>();
        await using (var command = new NpgsqlCommand(Orphans, connection))
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
                orphans.Add(reader.GetString(0));
        }

        foreach (var name in orphans)
            await ExecuteAsync(connection, $"drop index concurrently if exists \"{name}\"", cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
