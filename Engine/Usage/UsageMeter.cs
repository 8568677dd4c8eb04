using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Microsoft.Extensions.Logging;
using Npgsql;
using NpgsqlTypes;

namespace Engram.Engine.Usage;

/// <summary>The operations whose use is counted.</summary>
public enum UsageOperation
{
    /// <summary>Memories stored.</summary>
    Store,

    /// <summary>A query or search answered.</summary>
    Query,

    /// <summary>A memory edited.</summary>
    Edit,

    /// <summary>Memories deleted.</summary>
    Delete,
}

/// <summary>
/// Counts what tenants use, in memory, and writes it every two seconds in one statement and once more at the end; so counting costs a request no
/// database call. A request counts once, whoever writes it how often: its id is written in the transaction of the sums. What was counted since the
/// last write is lost if the process is killed: at most two seconds' worth.
/// </summary>
public sealed class UsageMeter : BatchedWriter<UsageCount>
{
    /// <summary>Counts kept one by one while the database is away; what comes then is summed up and written as one.</summary>
    internal const int Capacity = 200_000;

    private const int BatchSize = 2_000;

    // Rows are added up in the order of their key, so that two processes cannot lock the same rows crosswise. A tenant deleted meanwhile is left
    // out: its row would be refused for ever, and every other tenant's with it.
    private const string Upsert = """
        with fresh as (
            insert into engram.usage_events (tenant_id, request_id, operation)
            select r.tenant_id, r.request_id, r.operation from unnest($1, $2, $6) as r (tenant_id, request_id, operation)
            where exists (select from engram.tenants t where t.id = r.tenant_id)
            order by 1, 2, 3
            on conflict do nothing returning tenant_id, request_id, operation
        )
        insert into engram.usage_daily as u (tenant_id, day, key_id, bucket_id, operation, requests, memories, input_tokens, output_tokens)
        select r.tenant_id, r.day, r.key_id, r.bucket_id, r.operation, sum(r.requests)::bigint, sum(r.memories)::bigint,
            sum(r.input_tokens)::bigint, sum(r.output_tokens)::bigint
        from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as r (
            tenant_id, request_id, day, key_id, bucket_id, operation, requests, memories, input_tokens, output_tokens)
        join fresh using (tenant_id, request_id, operation)
        group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
        on conflict (tenant_id, day, key_id, bucket_id, operation) do update set
            requests = u.requests + excluded.requests, memories = u.memories + excluded.memories,
            input_tokens = u.input_tokens + excluded.input_tokens, output_tokens = u.output_tokens + excluded.output_tokens
        """;

    private const string Prune = "delete from engram.usage_events where at < $1";

    private readonly SystemDb _db;
    private readonly TimeProvider _time;
    private readonly ILogger<UsageMeter> _log;
    private readonly ConcurrentQueue<UsageCount> _counts = new();
    private readonly ConcurrentDictionary<UsageKey, UsageTotals> _overflow = new();

    /// <summary>Starts at nothing.</summary>
    public UsageMeter(SystemDb db, TimeProvider time, ILogger<UsageMeter> log)
        : base(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), time) => (_db, _time, _log) = (db, time, log);

    /// <summary>The id under which a request that may be repeated counts: the same for every repetition.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="idempotencyKey">As the caller chose it.</param>
    public static Guid IdOf(Tenant tenant, string idempotencyKey) =>
        new(SHA256.HashData([.. tenant.Id.ToByteArray(), .. Encoding.UTF8.GetBytes(idempotencyKey)]).AsSpan(0, 16));

    /// <summary>Counts one request. Called when what it did has been committed.</summary>
    /// <param name="tenant">Who used it.</param>
    /// <param name="keyId">With which key.</param>
    /// <param name="requestId">The request; the same id and operation count once.</param>
    /// <param name="bucketId">On which bucket; null for several or none.</param>
    /// <param name="operation">What it was.</param>
    /// <param name="memories">How many memories it stored, changed or returned.</param>
    /// <param name="inputTokens">Tokens an LLM read for it.</param>
    /// <param name="outputTokens">Tokens an LLM wrote for it.</param>
    public void Count(
        Tenant tenant, Guid keyId, Guid requestId, Guid? bucketId, UsageOperation operation, long memories = 0, long inputTokens = 0, long outputTokens = 0)
    {
        // A host that calls itself while it starts uses nothing of anybody's.
        if (keyId == WarmUpCaller.KeyId)
            return;
        var day = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        var key = new UsageKey(tenant.Id, day, keyId, bucketId ?? Guid.Empty, operation);
        var totals = new UsageTotals(1, memories, inputTokens, outputTokens);
        if (_counts.Count < Capacity)
            _counts.Enqueue(new UsageCount(key, requestId, totals));
        else
            _overflow.AddOrUpdate(key, totals, (_, sum) => sum + totals);
    }

    /// <summary>Forgets which requests were counted before a time: long after anything could write them again.</summary>
    /// <param name="before">The time.</param>
    /// <param name="cancellationToken">Cancels the deletion.</param>
    /// <param name="db">The door that spans tenants.</param>
    public static async Task PruneAsync(SystemDb db, DateTimeOffset before, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(db);
        await using var command = db.Command(Prune, Sql.Time(before));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override UsageCount[] Take()
    {
        var counts = new List<UsageCount>();
        while (counts.Count < BatchSize && _counts.TryDequeue(out var count))
            counts.Add(count);
        // What overflowed comes last, each sum under an id of its own.
        if (counts.Count == 0)
        {
            foreach (var key in _overflow.Keys)
            {
                if (_overflow.TryRemove(key, out var totals))
                    counts.Add(new UsageCount(key, Guid.CreateVersion7(), totals));
            }
        }

        // One of a statement's rows could not tell that another one of them is the same request.
        return [.. counts.DistinctBy(count => (count.Key.TenantId, count.RequestId, count.Key.Operation))];
    }

    /// <inheritdoc/>
    protected override async Task WriteAsync(UsageCount[] batch, CancellationToken cancellationToken)
    {
        await using var command = _db.Command(Upsert, ParametersOf(batch));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override void NotWritten(Exception exception, int count) => _log.UsageNotWritten(exception, count);

    private static NpgsqlParameter[] ParametersOf(UsageCount[] rows) =>
    [
        Sql.Uuids(Array.ConvertAll(rows, row => row.Key.TenantId)),
        Sql.Uuids(Array.ConvertAll(rows, row => row.RequestId)),
        new NpgsqlParameter<DateOnly[]> { TypedValue = Array.ConvertAll(rows, row => row.Key.Day), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date },
        Sql.Uuids(Array.ConvertAll(rows, row => row.Key.KeyId)),
        Sql.Uuids(Array.ConvertAll(rows, row => row.Key.BucketId)),
        Sql.Texts(Array.ConvertAll(rows, row => NameOf(row.Key.Operation))),
        Longs(rows, row => row.Totals.Requests),
        Longs(rows, row => row.Totals.Memories),
        Longs(rows, row => row.Totals.InputTokens),
        Longs(rows, row => row.Totals.OutputTokens),
    ];

    internal static string NameOf(UsageOperation operation) => operation switch
    {
        UsageOperation.Store => "store",
        UsageOperation.Query => "query",
        UsageOperation.Edit => "edit",
        _ => "delete",
    };

    private static NpgsqlParameter<long[]> Longs(UsageCount[] rows, Converter<UsageCount, long> value) => new() { TypedValue = Array.ConvertAll(rows, value) };
}
