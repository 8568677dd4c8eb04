using System.Collections.Concurrent;
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
/// Counts what tenants use, in memory, and writes the sums every two seconds in one statement and once more at the end; so counting costs
/// a request no database call. What was counted since the last write is lost if the process is killed: at most two seconds' worth.
/// </summary>
public sealed class UsageMeter : BackgroundService
{
    // Rows are added up in the order of their key, so that two processes cannot lock the same rows crosswise. A tenant deleted meanwhile is left
    // out: its row would be refused for ever, and every other tenant's with it.
    private const string Upsert = """
        insert into engram.usage_daily as u (tenant_id, day, key_id, bucket_id, operation, requests, memories, input_tokens, output_tokens)
        select r.* from unnest($1, $2, $3, $4, $5, $6, $7, $8, $9) as r (
            tenant_id, day, key_id, bucket_id, operation, requests, memories, input_tokens, output_tokens)
        where exists (select from engram.tenants t where t.id = r.tenant_id)
        on conflict (tenant_id, day, key_id, bucket_id, operation) do update set
            requests = u.requests + excluded.requests, memories = u.memories + excluded.memories,
            input_tokens = u.input_tokens + excluded.input_tokens, output_tokens = u.output_tokens + excluded.output_tokens
        """;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly SystemDb _db;
    private readonly TimeProvider _time;
    private readonly ILogger<UsageMeter> _log;
    private readonly ConcurrentDictionary<Key, Sums> _sums = new();

    /// <summary>Starts at nothing.</summary>
    public UsageMeter(SystemDb db, TimeProvider time, ILogger<UsageMeter> log) => (_db, _time, _log) = (db, time, log);

    /// <summary>Counts one request.</summary>
    /// <param name="tenant">Who used it.</param>
    /// <param name="keyId">With which key.</param>
    /// <param name="bucketId">On which bucket; null for several or none.</param>
    /// <param name="operation">What it was.</param>
    /// <param name="memories">How many memories it stored, changed or returned.</param>
    /// <param name="inputTokens">Tokens an LLM read for it.</param>
    /// <param name="outputTokens">Tokens an LLM wrote for it.</param>
    public void Count(
        Tenant tenant, Guid keyId, Guid? bucketId, UsageOperation operation, long memories = 0, long inputTokens = 0, long outputTokens = 0)
    {
        // A host that calls itself while it starts uses nothing of anybody's.
        if (keyId == WarmUpCaller.KeyId)
            return;
        var day = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime);
        var sums = _sums.GetOrAdd(new Key(tenant.Id, day, keyId, bucketId ?? Guid.Empty, operation), static _ => new Sums());
        sums.Add(1, memories, inputTokens, outputTokens);
    }

    /// <summary>Writes what was counted so far.</summary>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        var taken = _sums.Keys.Order().Select(key => (Key: key, Sums: _sums[key].Take())).Where(row => row.Sums.Requests > 0).ToArray();
        if (taken.Length == 0)
            return;
        try
        {
            await using var command = _db.Command(Upsert, ParametersOf(taken));
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            _log.UsageNotWritten(e, taken.Length);
            foreach (var (key, sums) in taken)
                _sums[key].Add(sums.Requests, sums.Memories, sums.InputTokens, sums.OutputTokens);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await FlushAsync(stoppingToken);
                ForgetOtherDays();
            }
        }
        catch (OperationCanceledException)
        {
        }

        using var last = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        await FlushAsync(last.Token);
    }

    /// <summary>Entries stay between flushes, because the same keys come again; those of days gone by do not.</summary>
    private void ForgetOtherDays()
    {
        var yesterday = DateOnly.FromDateTime(_time.GetUtcNow().UtcDateTime).AddDays(-1);
        foreach (var key in _sums.Keys.Where(key => key.Day < yesterday))
            _sums.TryRemove(key, out _);
    }

    private static NpgsqlParameter[] ParametersOf((Key Key, Totals Sums)[] rows) =>
    [
        Sql.Uuids(Array.ConvertAll(rows, row => row.Key.TenantId)),
        new NpgsqlParameter<DateOnly[]> { TypedValue = Array.ConvertAll(rows, row => row.Key.Day), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date },
        Sql.Uuids(Array.ConvertAll(rows, row => row.Key.KeyId)),
        Sql.Uuids(Array.ConvertAll(rows, row => row.Key.BucketId)),
        Sql.Texts(Array.ConvertAll(rows, row => NameOf(row.Key.Operation))),
        new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(rows, row => row.Sums.Requests) },
        new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(rows, row => row.Sums.Memories) },
        new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(rows, row => row.Sums.InputTokens) },
        new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(rows, row => row.Sums.OutputTokens) },
    ];

    internal static string NameOf(UsageOperation operation) => operation switch
    {
        UsageOperation.Store => "store",
        UsageOperation.Query => "query",
        UsageOperation.Edit => "edit",
        _ => "delete",
    };

    private readonly record struct Key(Guid TenantId, DateOnly Day, Guid KeyId, Guid BucketId, UsageOperation Operation) : IComparable<Key>
    {
        public int CompareTo(Key other) =>
            (TenantId, Day, KeyId, BucketId, Operation).CompareTo((other.TenantId, other.Day, other.KeyId, other.BucketId, other.Operation));
    }

    private readonly record struct Totals(long Requests, long Memories, long InputTokens, long OutputTokens);

    private sealed class Sums
    {
        private readonly Lock _gate = new();
        private Totals _totals;

        public void Add(long requests, long memories, long inputTokens, long outputTokens)
        {
            lock (_gate)
            {
                _totals = new Totals(
                    _totals.Requests + requests, _totals.Memories + memories, _totals.InputTokens + inputTokens, _totals.OutputTokens + outputTokens);
            }
        }

        public Totals Take()
        {
            lock (_gate)
            {
                var taken = _totals;
                _totals = default;
                return taken;
            }
        }
    }
}
