using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
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
    private readonly Counter<long> _droppedCounter;
    private readonly Histogram<double> _durations;
    private OperationRecord[] _unwritten = [];
    private long _dropped;

    /// <summary>Starts empty.</summary>
    public OperationLog(SystemDb db, IOptions<OperationOptions> options, TimeProvider time, IMeterFactory meters, ILogger<OperationLog> log)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(meters);
        (_db, _options, _time, _log) = (db, options.Value, time, log);
        var meter = meters.Create("Engram");
        _droppedCounter = meter.CreateCounter<long>("engram.operations.dropped", "{operation}", "Operations that were not recorded because the database was away");
        _durations = meter.CreateHistogram<double>("engram.operation.duration", "s", "Time at the server's boundary, by operation, class and outcome");
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
        _durations.Record(
            record.Duration.TotalSeconds,
            new("engram.operation", record.Operation),
            new("engram.class", OpNames.Of(record.Class)),
            new("engram.outcome", OpNames.Of(record.Outcome)));
        if (!_options.Record)
            return;
        var cold = _served.TryAdd(record.Operation, true);
        if (!_queue.Writer.TryWrite(cold ? record with { Cold = true } : record))
            Drop(1);
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
                OperationRows.Add(batch, records, _options.DeployId);
                await batch.ExecuteAsync(cancellationToken);
                _unwritten = [];
            }
        }
        catch (PostgresException e) when (!e.IsTransient)
        {
            // The same rows would be refused for ever.
            _log.OperationsNotWritten(e, _unwritten.Length);
            Drop(_unwritten.Length);
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

    private void Drop(int records)
    {
        Interlocked.Add(ref _dropped, records);
        _droppedCounter.Add(records);
    }
}
