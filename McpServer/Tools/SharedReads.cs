using Engram.Engine.Latency;

namespace Engram.McpServer.Tools;

/// <summary>
/// Lets callers who ask for the same thing at the same time share a read, but only one that began after each of them had asked: whoever comes while one
/// is under way waits for the next. So everybody sees what was written before they called.
/// </summary>
internal sealed class SharedReads<TKey, TValue>
    where TKey : notnull
{
    private readonly Lock _gate = new();
    private readonly Dictionary<TKey, Reads> _reads = [];

    /// <summary>Keys of which a read is under way.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _reads.Count;
            }
        }
    }

    /// <summary>What is read under a key.</summary>
    /// <param name="key">Whoever has the same one gets the same.</param>
    /// <param name="read">Reads, for all who wait; no single one of them can cancel it.</param>
    /// <param name="timer">Gets the hop <c>db-read</c> for the time spent waiting for another's read.</param>
    /// <param name="ct">Ends the waiting.</param>
    public async Task<TValue> ReadAsync(TKey key, Func<Task<TValue>> read, OpTimer timer, CancellationToken ct)
    {
        Reads? reads;
        TaskCompletionSource<TValue> turn;
        Task? before = null;
        var leads = true;
        lock (_gate)
        {
            if (!_reads.TryGetValue(key, out reads))
            {
                turn = NewTurn();
                _reads[key] = reads = new Reads(turn.Task);
            }
            else if (reads.Next is null)
            {
                turn = reads.Next = NewTurn();
                before = reads.Running;
            }
            else
            {
                (turn, leads) = (reads.Next, false);
            }
        }

        if (leads)
        {
            return await LeadAsync(key, reads, turn, before, read, timer).WaitAsync(ct);
        }

        using (timer.Measure(Hop.DbRead))
        {
            return await turn.Task.WaitAsync(ct);
        }
    }

    private static TaskCompletionSource<TValue> NewTurn() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task<TValue> LeadAsync(
        TKey key, Reads reads, TaskCompletionSource<TValue> turn, Task? before, Func<Task<TValue>> read, OpTimer timer)
    {
        if (before is not null)
        {
            using (timer.Measure(Hop.DbRead))
            {
                await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            lock (_gate)
            {
                (reads.Running, reads.Next) = (turn.Task, null);
            }
        }

        try
        {
            var value = await read();
            turn.SetResult(value);
            return value;
        }
        catch (Exception ex)
        {
            turn.SetException(ex);
            // Nobody else may be waiting.
            _ = turn.Task.Exception;
            throw;
        }
        finally
        {
            lock (_gate)
            {
                if (reads.Running == turn.Task && reads.Next is null)
                {
                    _reads.Remove(key);
                }
            }
        }
    }

    /// <summary>The read that is under way, and the one for whoever asked since it began.</summary>
    private sealed class Reads(Task running)
    {
        public Task Running { get; set; } = running;

        public TaskCompletionSource<TValue>? Next { get; set; }
    }
}
