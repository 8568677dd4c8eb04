using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Engram.Benchmarks.Latency;

/// <summary>Callers of one workload, each with a connection of its own and one request under way.</summary>
internal sealed class CallerGroup : IDisposable
{
    private readonly Workload _workload;
    private readonly List<(RawConnection Connection, Func<ReadOnlyMemory<byte>> Next)> _callers = [];

    private CallerGroup(Workload workload) => _workload = workload;

    /// <summary>What the first request that failed was answered with, or null.</summary>
    public string? FirstError { get; private set; }

    public static async Task<CallerGroup> OpenAsync(Workload workload, int callers, CancellationToken cancellationToken)
    {
        var group = new CallerGroup(workload);
        try
        {
            for (var i = 0; i < callers; i++)
            {
                var connection = await RawConnection.OpenAsync(workload.Address, cancellationToken);
                group._callers.Add((connection, null!));
                group._callers[i] = (connection, await workload.Open(connection, i, cancellationToken));
            }

            return group;
        }
        catch
        {
            group.Dispose();
            throw;
        }
    }

    /// <summary>Everybody calls for a while.</summary>
    public async Task<Round> RunAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        // On the thread pool, as callers of one process would be; the loops only meet at the end.
        var rounds = await Task.WhenAll(_callers.Select(caller => Task.Run(() => CallAsync(caller.Connection, caller.Next, time, clock, cancellationToken), cancellationToken)));
        return new Round([.. rounds.SelectMany(r => r.Milliseconds)], rounds.Sum(r => r.Errors), clock.Elapsed);
    }

    public void Dispose() => _callers.ForEach(caller => caller.Connection.Dispose());

    private async Task<Round> CallAsync(
        RawConnection connection, Func<ReadOnlyMemory<byte>> next, TimeSpan time, Stopwatch clock, CancellationToken cancellationToken)
    {
        var (milliseconds, errors) = (new List<double>(4096), 0);
        while (clock.Elapsed < time)
        {
            var request = next();
            var start = Stopwatch.GetTimestamp();
            int status;
            try
            {
                status = await connection.ExchangeAsync(request, cancellationToken);
            }
            catch (SocketException e)
            {
                throw new BenchmarkException($"'{_workload.Name}' lost its connection to {_workload.Address}: {e.Message}", e);
            }

            var elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            if (status == _workload.Status && connection.Answer.IndexOf(_workload.Pattern) >= 0)
            {
                milliseconds.Add(elapsed);
                continue;
            }

            errors++;
            FirstError ??= Encoding.UTF8.GetString(connection.Answer[..Math.Min(connection.Answer.Length, 1000)]);
        }

        return new Round(milliseconds, errors, clock.Elapsed);
    }
}

/// <summary>What one group measured in one round.</summary>
/// <param name="Milliseconds">Of each good answer.</param>
/// <param name="Errors">Answers that were not good.</param>
/// <param name="Took">The round's length.</param>
internal sealed record Round(IReadOnlyList<double> Milliseconds, int Errors, TimeSpan Took);
