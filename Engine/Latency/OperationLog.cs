using System.Collections.Concurrent;
using System.Threading.Channels;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Engine.Latency;

/// <summary>
/// Records operations. A record costs its request one entry in a bounded channel; a single reader writes them in batches. What does not fit
/// because the database is away is dropped and counted, never waited for; on a graceful stop everything is written.
/// </summary>
public sealed class OperationLog : BackgroundService
{
    internal const int Capacity = 100_000;

    private const int BatchSize = 2_000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Channel<OperationRecord> _queue = Channel.CreateBounded<OperationRecord>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly ConcurrentDictionary<string, bool> _served = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SystemDb _db;
    private readonly OperationOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<OperationLog> _log;
    private readonly OperationTelemetry _telemetry;
    private readonly ConcurrentDictionary<(Tenant Tenant, DateTimeOffset Hour, string Host), long> _lost = new();
    private OperationRecord[] _unwritten = [];
    private long _dropped;

    /// <summary>Starts empty.</summary>
    public OperationLog(SystemDb db, IOptions<OperationOptions> options, TimeProvider time, OperationTelemetry telemetry, ILogger<OperationLog> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_db, _options, _time, _telemetry, _log) = (db, options.Value, time, telemetry, log);
    }

    /// <summary>Records dropped since the start of the process.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Takes a record in. Never blocks and never fails.</summary>
    /// <param name="record">An operation that has ended.</param>
    public void Record(OperationRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        // A host that calls itself while it starts is nobody's operation.
        if (record.KeyId == WarmUpCaller.KeyId)
            return;
        var known = _served.TryAdd(record.Operation, true) ? record with { Cold = true } : record;
        _telemetry.Record(known);
        if (_options.Record && !_queue.Writer.TryWrite(known))
            Drop(known);
    }

    /// <summary>Writes what was recorded so far.</summary>
    /// <param name="cancellationToken">Cancels the write; what was not written is kept for the next one.</param>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            while (Take() is { Length: > 0 } records)
            {
                await using var batch = _db.Batch();
                var lost = _lost.ToArray();
                OperationRows.Add(batch, records, _options.DeployId);
                OperationRows.AddLosses(batch, lost);
                await batch.ExecuteAsync(cancellationToken);
                _unwritten = [];
                Told(lost);
            }
        }
        catch (PostgresException e) when (!e.IsTransient)
        {
            // The same rows would be refused for ever.
            _log.OperationsNotWritten(e, _unwritten.Length);
            Drop(_unwritten);
            _unwritten = [];
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            _log.OperationsNotWritten(e, _unwritten.Length);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        // At the stop there are 15 s for everybody: a database that does not answer must not use them up.
        using var last = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        last.CancelAfter(TimeSpan.FromSeconds(5));
        await FlushAsync(last.Token);
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

    /// <summary>The batch that failed last time, or the next one.</summary>
    private OperationRecord[] Take()
    {
        if (_unwritten.Length > 0)
            return _unwritten;
        var records = new List<OperationRecord>();
        while (records.Count < BatchSize && _queue.Reader.TryRead(out var record))
            records.Add(record);
        return _unwritten = [.. records];
    }

    private void Drop(params ReadOnlySpan<OperationRecord> records)
    {
        foreach (var record in records)
            _lost.AddOrUpdate((record.Tenant, OperationRows.HourOf(record.At), record.Host), 1, static (_, count) => count + 1);
        Interlocked.Add(ref _dropped, records.Length);
        _telemetry.Dropped(records.Length);
    }

    /// <summary>What was dropped is told to its tenant with the next records that are written; what was dropped meanwhile, with those after.</summary>
    private void Told(KeyValuePair<(Tenant Tenant, DateTimeOffset Hour, string Host), long>[] lost)
    {
        foreach (var (key, count) in lost)
        {
            if (!_lost.TryRemove(KeyValuePair.Create(key, count)))
                _lost.AddOrUpdate(key, 0, (_, now) => now - count);
        }
    }
}
