using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Engram.Engine.Extraction;
using Engram.Engine.Latency;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Worker.Extraction;

/// <summary>Claims jobs, extracts triples outside any transaction, checks each against its text, and completes them under the lease's fence.</summary>
internal sealed class ExtractionService(
    JobQueue queue, JobExtraction extraction, JobListener listener, OperationLog operations, TimeProvider time, IOptions<ExtractionOptions> options, ILogger<ExtractionService> log)
    : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    // The first job of a burst is taken at once, the others together: a claim costs the database more than the job it finds, and the same
    // processors answer those who store.
    private static readonly TimeSpan BetweenClaims = TimeSpan.FromMilliseconds(100);

    private readonly string _worker = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}:{Environment.ProcessId}");
    private readonly ConcurrentDictionary<Guid, (ExtractionJob Job, CancellationTokenSource Stop, Task Work)> _held = new();

    // The last claim took all there was room for, so there may be more: every job that ends makes room.
    private volatile bool _backlog;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var claimed = 0L;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var free = options.Value.Concurrency - _held.Count;
                if (free > 0)
                {
                    claimed = Stopwatch.GetTimestamp();
                    await ClaimAsync(free, stoppingToken);
                }

                if (free > 0 && _backlog)
                    continue;
                await listener.WaitAsync(TimeSpan.FromMilliseconds(options.Value.PollMs), stoppingToken);
                if (!_backlog && BetweenClaims - Stopwatch.GetElapsedTime(claimed) is { Ticks: > 0 } rest)
                    await Task.Delay(rest, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException)
            {
                log.QueueUnreachable(e.GetType().Name);
                await Task.Delay(Retry, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await Task.WhenAll(_held.Values.Select(h => h.Work));
    }

    /// <summary>Jobs held now, for the lease keeper.</summary>
    public IReadOnlyCollection<ExtractionJob> Held => [.. _held.Values.Select(h => h.Job)];

    /// <summary>Stops the work on a job whose lease is lost: nothing of it could be written, and its model's time is somebody's money.</summary>
    public void Abandon(Guid job)
    {
        if (!_held.TryGetValue(job, out var held))
            return;
        try
        {
            held.Stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended at this moment.
        }
    }

    private async Task ClaimAsync(int free, CancellationToken stopping)
    {
        var jobs = await queue.ClaimAsync(_worker, free, stopping);
        // Set before any of them runs: a job that ends must know whether to wake the loop.
        _backlog = jobs.Count == free;
        foreach (var job in jobs)
        {
            // Entered before it runs: a job may end before Task.Run returns.
            var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
            _held[job.Id] = (job, stop, Task.CompletedTask);
            var work = Task.Run(() => ProcessAsync(job, stop, stopping), CancellationToken.None);
            _held.TryUpdate(job.Id, (job, stop, work), (job, stop, Task.CompletedTask));
        }
    }

    private async Task ProcessAsync(ExtractionJob job, CancellationTokenSource stop, CancellationToken stopping)
    {
        var timer = new OpTimer(job.Id) { Class = OpClass.Store, Operation = "extract" };
        try
        {
            if (await extraction.RunAsync(job, timer, stop.Token))
                operations.Record(RecordOf(job, timer));
            else
                log.LeaseLost(job.Id);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await GiveBackAsync(job);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            log.LeaseLost(job.Id);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.ForeignKeyViolation or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure)
        {
            // An entity or the memory went away meanwhile, or two writers crossed: the next claim sees what is there now.
            await GiveBackAsync(job);
        }
        catch (Exception e)
        {
            log.ExtractionFailed(e, job.Id, job.Attempt);
            await NoteFailureAsync(job, e);
        }
        finally
        {
            _held.TryRemove(job.Id, out _);
            stop.Dispose();
            if (_backlog)
                listener.Hint();
        }
    }

    /// <summary>
    /// A finished extraction is timed from the storing to the triples, for that is what its tenant waits for; one that failed by itself, since
    /// the memory goes on waiting.
    /// </summary>
    private OperationRecord RecordOf(ExtractionJob job, OpTimer timer)
    {
        var record = timer.ToRecord(job.Tenant, job.StoredBy, "worker", time.GetUtcNow());
        var waited = record.At - job.StoredAt;
        if (record.Outcome is not (OpOutcome.Ok or OpOutcome.Cutoff) || waited < TimeSpan.Zero)
            return record;
        var ticks = (long)(waited.TotalSeconds * Stopwatch.Frequency);
        var total = record.Duration + waited;
        return record with
        {
            At = job.StoredAt,
            Duration = total,
            Outcome = total > LatencyBudgets.Cutoff ? OpOutcome.Cutoff : record.Outcome,
            Started = record.Started - ticks,
            Hops = [new HopSample(Hop.QueueWait, record.Started - ticks, ticks, null), .. record.Hops],
        };
    }

    private async Task GiveBackAsync(ExtractionJob job)
    {
        try
        {
            await queue.ReleaseAsync(job);
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or ObjectDisposedException)
        {
            // The lease runs out by itself.
            log.QueueUnreachable(e.GetType().Name);
        }
    }

    private async Task NoteFailureAsync(ExtractionJob job, Exception failure)
    {
        try
        {
            await queue.FailAsync(job, $"The extraction failed ({failure.GetType().Name}).");
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or ObjectDisposedException)
        {
            log.QueueUnreachable(e.GetType().Name);
        }
    }
}
