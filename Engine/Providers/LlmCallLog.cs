using System.Diagnostics.Metrics;
using System.Threading.Channels;
using Engram.Engine.Database;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.Engine.Providers;

/// <summary>
/// Keeps every call of a tenant's models: what it cost, how long it took, what went wrong. Recording stores a reference in memory; the rows
/// are written in batches twice a second and once more at the end, together with the day's sums. What was recorded since the last write
/// is lost if the process is killed; what does not fit because the database is away is dropped and counted.
/// </summary>
public sealed class LlmCallLog : BackgroundService
{
    internal const int Capacity = 20_000;

    private const int BatchSize = 1_000;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.5);

    private readonly Channel<LlmCall> _queue = Channel.CreateBounded<LlmCall>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SystemDb _db;
    private readonly SpendLedger _spend;
    private readonly TimeProvider _time;
    private readonly ILogger<LlmCallLog> _log;
    private readonly Counter<long> _droppedCounter;
    private LlmCall[] _unwritten = [];
    private long _dropped;

    /// <summary>Starts empty.</summary>
    public LlmCallLog(SystemDb db, SpendLedger spend, TimeProvider time, IMeterFactory meters, ILogger<LlmCallLog> log)
    {
        ArgumentNullException.ThrowIfNull(meters);
        (_db, _spend, _time, _log) = (db, spend, time, log);
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

    /// <summary>Writes what was recorded so far.</summary>
    /// <param name="cancellationToken">Cancels the write; what was not written is kept for the next one.</param>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            while (Take() is { Length: > 0 } calls)
            {
                await using var batch = _db.Batch();
                LlmCallRows.Add(batch, calls);
                await batch.ExecuteAsync(cancellationToken);
                _unwritten = [];
                _spend.Written(calls);
            }
        }
        catch (PostgresException e) when (!e.IsTransient)
        {
            // Such as a tenant that was deleted between the statement's look and its insert: the same rows might be refused for ever.
            _log.LlmCallsNotWritten(e, _unwritten.Length);
            Drop(_unwritten.Length);
            _unwritten = [];
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            _log.LlmCallsNotWritten(e, _unwritten.Length);
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
        last.CancelAfter(TimeSpan.FromSeconds(3));
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
    private LlmCall[] Take()
    {
        if (_unwritten.Length > 0)
            return _unwritten;
        var calls = new List<LlmCall>();
        while (calls.Count < BatchSize && _queue.Reader.TryRead(out var call))
            calls.Add(call);
        return _unwritten = [.. calls];
    }

    private void Drop(int calls)
    {
        Interlocked.Add(ref _dropped, calls);
        _droppedCounter.Add(calls);
    }
}
