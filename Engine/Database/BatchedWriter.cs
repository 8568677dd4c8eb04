using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Engram.Engine.Database;

/// <summary>
/// Writes in batches what requests leave in memory, so that leaving it costs them no call of the database: one batch at a time, every so often, and
/// what is left at a graceful stop. A batch that could not be written is written again before any other, so whoever derives from this makes writing
/// one twice harmless: the answer to a commit may get lost.
/// </summary>
/// <typeparam name="T">What is written.</typeparam>
/// <param name="interval">Between two writes.</param>
/// <param name="lastWrite">How long the write at the stop may take: there are 15 s for everybody, which a database that does not answer must not use up.</param>
/// <param name="time">The clock of the interval.</param>
public abstract class BatchedWriter<T>(TimeSpan interval, TimeSpan lastWrite, TimeProvider time) : BackgroundService
{
    // Never disposed: it holds nothing but memory, and a flush that outlives the stop still gives its turn back.
    private readonly SemaphoreSlim _writing = new(1);
    private T[] _unwritten = [];

    /// <summary>Writes what there is so far.</summary>
    /// <param name="cancellationToken">Cancels the write; what was not written is kept for the next one.</param>
    public async Task FlushAsync(CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            while (Next() is { Length: > 0 } batch)
            {
                await WriteAsync(batch, cancellationToken);
                _unwritten = [];
            }
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            NotWritten(e, _unwritten.Length);
            if (e is PostgresException { IsTransient: false } && GivesUp(_unwritten))
                _unwritten = [];
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
        using var last = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        last.CancelAfter(lastWrite);
        try
        {
            await FlushAsync(last.Token);
        }
        catch (OperationCanceledException)
        {
            // Another flush holds the turn and does not end, or the time for stopping is over: no reason for the host to fail.
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await FlushAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Takes the next batch out of memory; empty when there is nothing more.</summary>
    protected abstract T[] Take();

    /// <summary>Writes one batch in one transaction.</summary>
    /// <param name="batch">Not empty.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    protected abstract Task WriteAsync(T[] batch, CancellationToken cancellationToken);

    /// <summary>Logs that a batch was not written.</summary>
    /// <param name="exception">Why.</param>
    /// <param name="count">How many.</param>
    protected abstract void NotWritten(Exception exception, int count);

    /// <summary>Asked when PostgreSQL refused a batch as it is: true where it is dropped, for it might be refused for ever. Whoever drops it counts it.</summary>
    /// <param name="batch">What was refused.</param>
    protected virtual bool GivesUp(T[] batch) => false;

    /// <summary>The batch that failed last time, or the next one.</summary>
    private T[] Next() => _unwritten.Length > 0 ? _unwritten : _unwritten = Take();
}
