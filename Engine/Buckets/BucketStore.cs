using System.Text.Json.Nodes;
using Engram.Engine.Audit;
using Engram.Engine.Database;
using Engram.Engine.Latency;
using Npgsql;

namespace Engram.Engine.Buckets;

/// <summary>A tenant's buckets.</summary>
/// <param name="db">The door to tenant rows.</param>
/// <param name="time">The clock of <c>created_at</c>.</param>
public sealed class BucketStore(TenantDb db, TimeProvider time)
{
    private const string Columns = """
        b.id, b.name, b.description, b.created_at, coalesce(c.memories, 0)::bigint, c.last_write_at
        """;

    private const string WithCounters = """
        from buckets b
        left join lateral (
            select sum(memories) as memories, max(last_write_at) as last_write_at
            from bucket_counters c where c.tenant_id = b.tenant_id and c.bucket_id = b.id
        ) c on true
        """;

    // Buckets first and their counters after them, put together here: a join with an aggregate costs the cheapest read more than both scans.
    private const string Overview = "select id, name, description, created_at, memories, last_write_at from bucket_overview($1)";

    private const string SelectByName = $"select {Columns} {WithCounters} where b.tenant_id = $1 and b.name = $2";

    private const string SelectById = $"select {Columns} {WithCounters} where b.tenant_id = $1 and b.id = $2";

    private const string Insert = """
        insert into buckets (tenant_id, id, name, description, created_at) values ($1, $2, $3, $4, $5)
        on conflict (tenant_id, name) do nothing
        """;

    // Waits for writers under way: their foreign key holds the bucket's row.
    private const string Lock = "select id from buckets where tenant_id = $1 and id = $2 for update";

    private const string DeletePostings = "delete from postings where tenant_id = $1 and bucket_id = $2";

    private const string Describe = "update buckets set description = $3 where tenant_id = $1 and id = $2";

    private const string Delete = "delete from buckets where tenant_id = $1 and id = $2";

    /// <summary>All buckets by name.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="limit">At most this many.</param>
    /// <param name="offset">Skips this many.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<Bucket>> ListAsync(
        Tenant tenant, OpTimer timer, int limit = int.MaxValue, int offset = 0, CancellationToken cancellationToken = default)
    {
        using var hop = timer.Measure(Hop.DbRead);
        await using var command = db.Function(tenant, Overview);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var buckets = new List<Bucket>();
        var counters = new Dictionary<Guid, (long Memories, DateTimeOffset LastWrite)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            var id = reader.GetGuid(0);
            if (reader.IsDBNull(1))
            {
                var (memories, lastWrite) = (reader.GetInt64(4), reader.GetFieldValue<DateTimeOffset>(5));
                var (sum, newest) = counters.GetValueOrDefault(id);
                counters[id] = (sum + memories, lastWrite > newest ? lastWrite : newest);
            }
            else
            {
                buckets.Add(new Bucket(id, reader.GetString(1), reader.IsDBNull(2) ? null : reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3), 0, null));
            }
        }

        buckets.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return
        [
            .. buckets.Skip(offset).Take(limit)
                .Select(b => counters.TryGetValue(b.Id, out var c) ? b with { MemoryCount = c.Memories, LastWriteAt = c.LastWrite } : b),
        ];
    }

    /// <summary>One bucket by name or id.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="EngramException">There is none.</exception>
    public async Task<Bucket> GetAsync(Tenant tenant, string bucket, OpTimer timer, CancellationToken cancellationToken = default)
    {
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = db.Batch(tenant);
        if (Guid.TryParse(bucket, out var id))
        {
            batch.Add(SelectById, Sql.Uuid(tenant.Id), Sql.Uuid(id));
        }
        else
        {
            BucketName.Check(bucket);
            batch.Add(SelectByName, Sql.Uuid(tenant.Id), Sql.Text(bucket));
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : throw EngramException.NoBucket(bucket);
    }

    /// <summary>Creates a bucket.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="name">Unique name: see <see cref="BucketName"/>.</param>
    /// <param name="description">At most 1,000 characters, or null.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    /// <exception cref="EngramException">The name is taken or not allowed.</exception>
    public async Task<Bucket> CreateAsync(
        Tenant tenant, string name, string? description, OpTimer timer, CancellationToken cancellationToken = default)
    {
        BucketName.Check(name, "name");
        Memories.TextRules.Check("description", description, 1000);
        using var hop = timer.Measure(Hop.DbRead);
        var created = new Bucket(Guid.CreateVersion7(), name, description, time.GetUtcNow(), 0, null);
        await using var batch = db.Batch(tenant).Add(
            Insert, Sql.Uuid(tenant.Id), Sql.Uuid(created.Id), Sql.Text(name), Sql.NullableText(description), Sql.Time(created.CreatedAt));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return reader.RecordsAffected == 1
            ? created
            : throw new EngramException(FailureKind.Conflict, $"A bucket named '{name}' exists already.", "name");
    }

    /// <summary>Changes what is said of a bucket.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="description">At most 1,000 characters; null or blank for none.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="actor">Who is written down in the audit as having changed it; null writes nothing down.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <returns>The bucket as it is now.</returns>
    /// <exception cref="EngramException">There is none, or the description is too long.</exception>
    public async Task<Bucket> DescribeAsync(
        Tenant tenant, string bucket, string? description, OpTimer timer, Actor? actor = null, CancellationToken cancellationToken = default)
    {
        Memories.TextRules.Check("description", description, 1000);
        var wanted = string.IsNullOrWhiteSpace(description) ? null : description.Trim();
        var found = await GetAsync(tenant, bucket, timer, cancellationToken);
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = db.Batch(tenant).Add(Describe, Sql.Uuid(tenant.Id), Sql.Uuid(found.Id), Sql.NullableText(wanted));
        if (actor is not null)
        {
            batch.AddAudit(
                actor, time, "bucket.describe", $"bucket:{found.Id}", new JsonObject { ["description"] = found.Description }, new JsonObject { ["description"] = wanted });
        }

        await batch.ExecuteAsync(cancellationToken);
        return found with { Description = wanted };
    }

    /// <summary>Deletes a bucket with everything in it.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="bucket">Name or id.</param>
    /// <param name="timer">Gets the hop <c>db-read</c>.</param>
    /// <param name="actor">Who is written down in the audit as having deleted it; null writes nothing down.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    /// <returns>The bucket as it was, with the number of memories that went with it.</returns>
    /// <exception cref="EngramException">There is none.</exception>
    public async Task<Bucket> DeleteAsync(
        Tenant tenant, string bucket, OpTimer timer, Actor? actor = null, CancellationToken cancellationToken = default)
    {
        var found = await GetAsync(tenant, bucket, timer, cancellationToken);
        using var hop = timer.Measure(Hop.DbRead);
        await using var batch = db.Batch(tenant)
            .Add(Lock, Sql.Uuid(tenant.Id), Sql.Uuid(found.Id))
            .Add(DeletePostings, Sql.Uuid(tenant.Id), Sql.Uuid(found.Id))
            .Add(Delete, Sql.Uuid(tenant.Id), Sql.Uuid(found.Id));
        if (actor is not null)
        {
            var before = new JsonObject { ["name"] = found.Name, ["memories"] = found.MemoryCount };
            batch.AddAudit(actor, time, "bucket.delete", $"bucket:{found.Id}", before);
        }

        await batch.ExecuteAsync(cancellationToken);
        return found;
    }

    private static Bucket Read(NpgsqlDataReader reader) => new(
        reader.GetGuid(0),
        reader.GetString(1),
        reader.IsDBNull(2) ? null : reader.GetString(2),
        reader.GetFieldValue<DateTimeOffset>(3),
        reader.GetInt64(4),
        reader.IsDBNull(5) ? null : reader.GetFieldValue<DateTimeOffset>(5));
}
