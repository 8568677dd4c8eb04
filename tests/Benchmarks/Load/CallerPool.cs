using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Engram.Benchmarks.Latency;

namespace Engram.Benchmarks.Load;

/// <summary>One request of a run.</summary>
/// <param name="Milliseconds">From when it was due to the end of its answer.</param>
/// <param name="Lag">Of these, until it was sent.</param>
/// <param name="Status">HTTP status; 0 where there was no answer; 1 where the answer was not what it should be.</param>
internal readonly record struct Sample(double Milliseconds, double Lag, int Status);

/// <summary>
/// Connections of one class of traffic. One is taken for each request that is due; where all are busy another is opened, up to a bound, and beyond it
/// the request waits, with its clock running.
/// </summary>
internal sealed class CallerPool(Workload workload, int most) : IDisposable
{
    private readonly ConcurrentStack<Caller> _idle = new();
    private readonly SemaphoreSlim _room = new(most);
    private readonly Lock _gate = new();
    private List<Sample> _samples = [];
    private int _opened;

    public string? FirstError { get; private set; }

    /// <summary>Opens connections (and sessions) before the clock runs, as callers of a service that is in use have them.</summary>
    public async Task OpenAsync(int count, CancellationToken cancellationToken)
    {
        for (var i = 0; i < Math.Min(count, most); i++)
            _idle.Push(await NewAsync(cancellationToken));
    }

    /// <summary>Takes what was measured since the last time.</summary>
    public IReadOnlyList<Sample> Take()
    {
        lock (_gate)
        {
            var taken = _samples;
            _samples = [];
            return taken;
        }
    }

    /// <summary>Makes one request. Never throws.</summary>
    /// <param name="due">When it was due, as a <see cref="Stopwatch"/> timestamp.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public async Task CallAsync(long due, CancellationToken cancellationToken)
    {
        var (status, lag) = (0, 0.0);
        try
        {
            await _room.WaitAsync(cancellationToken);
            try
            {
                if (!_idle.TryPop(out var caller))
                    caller = await NewAsync(cancellationToken);
                lag = Stopwatch.GetElapsedTime(due).TotalMilliseconds;
                status = await ExchangeAsync(caller, cancellationToken);
            }
            finally
            {
                _room.Release();
            }
        }
        catch (Exception e) when (e is SocketException or BenchmarkException or OperationCanceledException)
        {
            FirstError ??= $"No answer: {e.Message}";
        }

        var sample = new Sample(Stopwatch.GetElapsedTime(due).TotalMilliseconds, lag, status);
        lock (_gate)
            _samples.Add(sample);
    }

    public void Dispose()
    {
        while (_idle.TryPop(out var caller))
            caller.Connection.Dispose();
        _room.Dispose();
    }

    private async Task<int> ExchangeAsync(Caller caller, CancellationToken cancellationToken)
    {
        var connection = caller.Connection;
        try
        {
            var status = await connection.ExchangeAsync(caller.Next(), cancellationToken);
            var right = status == workload.Status && connection.Answer.IndexOf(workload.Pattern) >= 0;
            if (!right)
                FirstError ??= Encoding.UTF8.GetString(connection.Answer[..Math.Min(connection.Answer.Length, 1000)]);
            _idle.Push(caller);
            return right ? workload.Status : status == workload.Status ? 1 : status;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private async Task<Caller> NewAsync(CancellationToken cancellationToken)
    {
        var connection = await RawConnection.OpenAsync(workload.Address, cancellationToken);
        try
        {
            return new Caller(connection, await workload.Open(connection, Interlocked.Increment(ref _opened), cancellationToken));
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private sealed record Caller(RawConnection Connection, Func<ReadOnlyMemory<byte>> Next);
}
