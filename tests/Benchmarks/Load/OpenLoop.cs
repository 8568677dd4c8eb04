using System.Diagnostics;
using System.Text.Json.Serialization;
using Engram.Benchmarks.Latency;

namespace Engram.Benchmarks.Load;

/// <summary>What one class gave in one stretch of time.</summary>
/// <param name="Offered">Requests that were due, a second.</param>
/// <param name="Answered">Right answers a second, over the time until the last one came.</param>
/// <param name="Times">From when each was due.</param>
/// <param name="LagP99">p99 of the wait until it was sent: how far the client itself was behind.</param>
/// <param name="Milliseconds">What the times were taken of, sorted.</param>
/// <param name="Errors">How many of each status were not what they should be; 0 is no answer, 1 an answer of the wrong shape.</param>
internal sealed record Outcome(
    string Name, string Series, double BudgetMs, double Offered, double Answered, Percentiles Times, double LagP99,
    [property: JsonIgnore] double[] Milliseconds, IReadOnlyDictionary<int, int> Errors)
{
    public int ErrorCount => Errors.Values.Sum();

    /// <summary>Several stretches of the same traffic as one.</summary>
    public static Outcome Merge(IReadOnlyList<Outcome> parts)
    {
        double[] all = [.. parts.SelectMany(p => p.Milliseconds).Order()];
        return parts[0] with
        {
            Offered = parts.Average(p => p.Offered),
            Answered = parts.Average(p => p.Answered),
            Times = Percentiles.Of(all),
            LagP99 = parts.Max(p => p.LagP99),
            Milliseconds = all,
            Errors = parts.SelectMany(p => p.Errors).GroupBy(e => e.Key).ToDictionary(g => g.Key, g => g.Sum(e => e.Value)),
        };
    }
}

/// <summary>A stretch of traffic.</summary>
/// <param name="From">Its start by the wall clock, for the server's records of the same time.</param>
/// <param name="To">When the last request was due.</param>
internal sealed record Stretch(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<Outcome> Classes)
{
    public double Offered => Classes.Sum(c => c.Offered);

    public double Answered => Classes.Sum(c => c.Answered);
}

/// <summary>Sends traffic at its own pace, whatever the answers do.</summary>
internal sealed class OpenLoop(IReadOnlyList<Traffic> traffic) : IDisposable
{
    private const int MostConnections = 400;

    /// <summary>An answer after this is none: the server's own cutoff and a little.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(32);

    private readonly CallerPool[] _pools = [.. traffic.Select(t => new CallerPool(t.Workload, MostConnections))];
    private int _seed = 17;

    public IReadOnlyList<Traffic> Traffic => traffic;

    public IEnumerable<(string Name, string Error)> FirstErrors => traffic.Zip(_pools).Where(p => p.Second.FirstError is not null).Select(p => (p.First.Name, p.Second.FirstError!));

    public async Task OpenAsync(int connections, CancellationToken cancellationToken)
    {
        foreach (var pool in _pools)
            await pool.OpenAsync(connections, cancellationToken);
    }

    /// <summary>Runs one stretch.</summary>
    /// <param name="rates">Requests a second of each class.</param>
    /// <param name="time">How long requests come; their answers are waited for.</param>
    /// <param name="poisson">Poisson arrivals, or even ones.</param>
    /// <param name="cancellationToken">Ends it early.</param>
    public async Task<Stretch> RunAsync(IReadOnlyList<double> rates, TimeSpan time, bool poisson, CancellationToken cancellationToken)
    {
        var plan = Arrivals.Plan(rates, time, poisson, _seed++);
        foreach (var pool in _pools)
            pool.Take();
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (from, start) = (DateTimeOffset.UtcNow, Stopwatch.GetTimestamp());
        var open = plan.Length + 1;
        void Done()
        {
            if (Interlocked.Decrement(ref open) == 0)
                all.TrySetResult();
        }

        // A thread of its own: the pool's are busy with answers when it matters most.
        var sender = new Thread(() =>
        {
            foreach (var arrival in plan)
            {
                var due = start + (long)(arrival.After.TotalSeconds * Stopwatch.Frequency);
                if (!giveUp.IsCancellationRequested)
                    Arrivals.WaitUntil(due);
                if (giveUp.IsCancellationRequested)
                    Done();
                else
                    ThreadPool.UnsafeQueueUserWorkItem(_ => _pools[arrival.Traffic].CallAsync(due, giveUp.Token).ContinueWith(_ => Done(), TaskScheduler.Default), null);
            }

            giveUp.CancelAfter(Patience);
            Done();
        })
        { IsBackground = true, Name = "arrivals" };
        sender.Start();
        await all.Task;
        var took = Math.Max(Stopwatch.GetElapsedTime(start).TotalSeconds, time.TotalSeconds);
        cancellationToken.ThrowIfCancellationRequested();
        return new Stretch(from, from + time, [.. traffic.Select((t, i) => OutcomeOf(t, plan.Count(a => a.Traffic == i), _pools[i].Take(), time.TotalSeconds, took))]);
    }

    public void Dispose()
    {
        foreach (var pool in _pools)
            pool.Dispose();
    }

    private static Outcome OutcomeOf(Traffic traffic, int due, IReadOnlyList<Sample> samples, double seconds, double took)
    {
        var good = samples.Where(s => s.Status == traffic.Workload.Status).ToArray();
        double[] times = [.. good.Select(s => s.Milliseconds).Order()];
        double[] lags = [.. samples.Select(s => s.Lag).Order()];
        return new Outcome(
            traffic.Name, traffic.Series, traffic.BudgetMs, due / seconds, good.Length / took, Percentiles.Of(times), Percentiles.At(lags, 0.99), times,
            samples.Where(s => s.Status != traffic.Workload.Status).GroupBy(s => s.Status).ToDictionary(g => g.Key, g => g.Count()));
    }
}
