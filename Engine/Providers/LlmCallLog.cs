using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Engram.Engine.Database;
using Microsoft.Extensions.Logging;

namespace Engram.Engine.Providers;

/// <summary>
/// Keeps every call of a tenant's models: what it cost, how long it took, what went wrong. Recording stores a reference in memory; the rows
/// are written in batches twice a second and once more at the end, together with the day's sums. What was recorded since the last write
/// is lost if the process is killed; what does not fit because the database is away is dropped and counted.
/// </summary>
public sealed class LlmCallLog : BatchedWriter<LlmCall>
{
    internal const int Capacity = 20_000;

    private const int BatchSize = 1_000;

    private readonly Channel<LlmCall> _queue = Channel.CreateBounded<LlmCall>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly SystemDb _db;
    private readonly SpendLedger _spend;
    private readonly ILogger<LlmCallLog> _log;
    private readonly Counter<long> _droppedCounter;
    private long _dropped;

    /// <summary>Starts empty.</summary>
    public LlmCallLog(SystemDb db, SpendLedger spend, TimeProvider time, IMeterFactory meters, ILogger<LlmCallLog> log)
        : base(TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(3), time)
    {
        ArgumentNullException.ThrowIfNull(meters);
        (_db, _spend, _log) = (db, spend, log);
        _droppedCounter = meters.Create("Engram").CreateCounter<long>("engram.llm.calls.dropped", "{call}", "Calls of models that were not recorded because the database was away");
    }

    /// <summary>Calls dropped since the start of the process.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Takes a call in. Never blocks and never fails.</summary>
    /// <param name="call">A call that has ended.</param>
    public void Record(LlmCall call)
    {
        ArgumentNullException.ThrowIfNull(call);
        _spend.Add(call);
        if (!_queue.Writer.TryWrite(call))
            Drop(1);
    }

    /// <inheritdoc/>
    protected override LlmCall[] Take()
    {
        var calls = new List<LlmCall>();
        while (calls.Count < BatchSize && _queue.Reader.TryRead(out var call))
            calls.Add(call);
        return [.. calls];
    }

    /// <inheritdoc/>
    protected override async Task WriteAsync(LlmCall[] batch, CancellationToken cancellationToken)
    {
        await using var statements = _db.Batch();
        LlmCallRows.Add(statements, batch);
        await statements.ExecuteAsync(cancellationToken);
        _spend.Written(batch);
    }

    /// <inheritdoc/>
    protected override void NotWritten(Exception exception, int count) => _log.LlmCallsNotWritten(exception, count);

    /// <inheritdoc/>
    protected override bool GivesUp(LlmCall[] batch)
    {
        Drop(batch.Length);
        return true;
    }

    private void Drop(int calls)
    {
        Interlocked.Add(ref _dropped, calls);
        _droppedCounter.Add(calls);
    }
}
