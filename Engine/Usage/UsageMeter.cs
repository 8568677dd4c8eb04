using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Microsoft.Extensions.Hosting;
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
public sealed class UsageMeter : BackgroundService
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

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly SystemDb _db;
    private readonly TimeProvider _time;
    private readonly ILogger<UsageMeter> _log;
    private readonly ConcurrentQueue<Counted> _counts = new();
    private readonly ConcurrentDictionary<Key, Totals> _overflow = new();
    private readonly SemaphoreSlim _writing = new(1);
    private Counted[] _unwritten = [];

    /// <summary>Starts at nothing.</summary>
    public UsageMeter(SystemDb db, TimeProvider time, ILogger<UsageMeter> log) => (_db, _time, _log) = (db, time, log);

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
        var key = new Key(tenant.Id, day, keyId, bucketId ?? Guid.Empty, operation);
        var totals = new Totals(1, memories, inputTokens, outputTokens);
        if (_counts.Count < Capacity)
            _counts.Enqueue(new Counted(key, requestId, totals));
        else
            _overflow.AddOrUpdate(key, totals, (_, sum) => sum + totals);
    }

    /// <summary>Writes what was counted so far.</summary>
    /// <param name="cancellationToken">Cancels the write; what was not written is kept for the next one.</param>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            while (Take() is { Length: > 0 } counts)
            {
                await using var command = _db.Command(Upsert, ParametersOf(counts));
                await command.ExecuteNonQueryAsync(cancellationToken);
                _unwritten = [];
            }
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            // Written or not, they are written again: each counts once.
            _log.UsageNotWritten(e, _unwritten.Length);
        }
        finally
        {
            _writing.Release();
        }
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
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        using var last = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        last.CancelAfter(TimeSpan.FromSeconds(3));
        try
        {
            await FlushAsync(last.Token);
        }
        catch (OperationCanceledException)
        {
            // Another flush holds the turn and does not end: what it has is all there is to save.
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        _writing.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await FlushAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>The batch that failed last time, or the next one; what overflowed comes last, each sum under an id of its own.</summary>
    private Counted[] Take()
    {
        if (_unwritten.Length > 0)
            return _unwritten;
        var counts = new List<Counted>();
        while (counts.Count < BatchSize && _counts.TryDequeue(out var count))
            counts.Add(count);
        if (counts.Count == 0)
        {
            foreach (var key in _overflow.Keys)
            {
                if (_overflow.TryRemove(key, out var totals))
                    counts.Add(new Counted(key, Guid.CreateVersion7(), totals));
            }
        }

        // One of a statement's rows could not tell that another one of them is the same request.
        return _unwritten = [.. counts.DistinctBy(count => (count.Key.TenantId, count.RequestId, count.Key.Operation))];
    }

    private static NpgsqlParameter[] ParametersOf(Counted[] rows) =>
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

    private static NpgsqlParameter<long[]> Longs(Counted[] rows, Converter<Counted, long> value) => new() { TypedValue = Array.ConvertAll(rows, value) };

    private readonly record struct Key(Guid TenantId, DateOnly Day, Guid KeyId, Guid BucketId, UsageOperation Operation);

    private readonly record struct Totals(long Requests, long Memories, long InputTokens, long OutputTokens)
    {
        public static Totals operator +(Totals a, Totals b) =>
            new(a.Requests + b.Requests, a.Memories + b.Memories, a.InputTokens + b.InputTokens, a.OutputTokens + b.OutputTokens);
    }

    private readonly record struct Counted(Key Key, Guid RequestId, Totals Totals);
}
