using System.Collections.Concurrent;
using System.Threading.Channels;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Latency;

/// <summary>
/// Records operations. A record costs its request one entry in a bounded channel; a single reader writes them in batches. What does not fit
/// because the database is away is dropped and counted, never waited for; on a graceful stop everything is written.
/// </summary>
public sealed class OperationLog : BatchedWriter<OperationRecord>
{
    internal const int Capacity = 100_000;

    private const int BatchSize = 2_000;

    private readonly Channel<OperationRecord> _queue = Channel.CreateBounded<OperationRecord>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly ConcurrentDictionary<string, bool> _served = new(StringComparer.Ordinal);
    private readonly SystemDb _db;
    private readonly OperationOptions _options;
    private readonly ILogger<OperationLog> _log;
    private readonly OperationTelemetry _telemetry;
    private readonly ConcurrentDictionary<(Tenant Tenant, DateTimeOffset Hour, string Host), long> _lost = new();
    private long _dropped;

    /// <summary>Starts empty.</summary>
    public OperationLog(SystemDb db, IOptions<OperationOptions> options, TimeProvider time, OperationTelemetry telemetry, ILogger<OperationLog> log)
        : base(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), time)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_db, _options, _telemetry, _log) = (db, options.Value, telemetry, log);
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

    /// <inheritdoc/>
    protected override OperationRecord[] Take()
    {
        var records = new List<OperationRecord>();
        while (records.Count < BatchSize && _queue.Reader.TryRead(out var record))
            records.Add(record);
        return [.. records];
    }

    /// <inheritdoc/>
    protected override async Task WriteAsync(OperationRecord[] batch, CancellationToken cancellationToken)
    {
        var lost = _lost.ToArray();
        await using var statements = _db.Batch();
        OperationRows.Add(statements, batch, _options.DeployId);
        OperationRows.AddLosses(statements, lost);
        await statements.ExecuteAsync(cancellationToken);
        Told(lost);
    }

    /// <inheritdoc/>
    protected override void NotWritten(Exception exception, int count) => _log.OperationsNotWritten(exception, count);

    /// <inheritdoc/>
    protected override bool GivesUp(OperationRecord[] batch)
    {
        Drop(batch);
        return true;
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
