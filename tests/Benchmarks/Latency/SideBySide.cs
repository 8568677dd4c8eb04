using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Latency;

/// <summary>What a workload measured in all rounds.</summary>
internal sealed record Measured(string Name, int Callers, Percentiles Times, double PerSecond, int Errors, string? FirstError)
{
    public static Measured Of(string name, int callers, IReadOnlyList<Round> rounds, string? firstError) => new(
        name, callers, Percentiles.Of(rounds.SelectMany(r => r.Milliseconds)),
        rounds.Sum(r => r.Milliseconds.Count) / Math.Max(1e-9, rounds.Sum(r => r.Took.TotalSeconds)), rounds.Sum(r => r.Errors), firstError);
}

/// <summary>A workload's p95 over its floor's: of each pair of neighbouring rounds, so that both saw the same noise.</summary>
/// <param name="Median">Of the rounds' ratios.</param>
/// <param name="Low">First quartile.</param>
/// <param name="High">Third quartile.</param>
internal sealed record Ratio(double Median, double Low, double High)
{
    public static Ratio? Of(IEnumerable<(Round Floor, Round Tested)> rounds)
    {
        double[] ratios =
        [
            .. rounds.Where(r => r.Floor.Milliseconds.Count > 0 && r.Tested.Milliseconds.Count > 0)
                .Select(r => Percentiles.Of(r.Tested.Milliseconds).P95 / Percentiles.Of(r.Floor.Milliseconds).P95).Order(),
        ];
        return ratios.Length == 0 ? null : new Ratio(Percentiles.At(ratios, 0.5), Percentiles.At(ratios, 0.25), Percentiles.At(ratios, 0.75));
    }
}

/// <summary>The outcome of one comparison.</summary>
internal sealed record Comparison(Measured Floor, Measured Tested, Ratio? P95Ratio, int Rounds);

/// <summary>Measures two workloads in turns, A B A B, in short rounds: on a machine with noise of its own, only neighbours can be compared.</summary>
internal static class SideBySide
{
    private const int Rounds = 10;
    private const int WarmUpRounds = 2;

    public static async Task<Comparison> RunAsync(Workload floor, Workload tested, int callers, double seconds, CancellationToken cancellationToken)
    {
        using var first = await CallerGroup.OpenAsync(floor, callers, cancellationToken);
        using var second = await CallerGroup.OpenAsync(tested, callers, cancellationToken);
        using var progress = new Progress($"{tested.Name} beside {floor.Name}, {callers} {(callers == 1 ? "caller" : "callers")}", Rounds + WarmUpRounds);
        var time = TimeSpan.FromSeconds(seconds / Rounds);
        var rounds = new List<(Round Floor, Round Tested)>();
        for (var i = 0; i < Rounds + WarmUpRounds && !cancellationToken.IsCancellationRequested; i++)
        {
            try
            {
                var round = (await first.RunAsync(time, cancellationToken), await second.RunAsync(time, cancellationToken));
                if (i >= WarmUpRounds)
                    rounds.Add(round);
            }
            catch (OperationCanceledException)
            {
                break;
            }

            progress.Add();
        }

        return new Comparison(
            Measured.Of(floor.Name, callers, [.. rounds.Select(r => r.Floor)], first.FirstError),
            Measured.Of(tested.Name, callers, [.. rounds.Select(r => r.Tested)], second.FirstError),
            Ratio.Of(rounds), rounds.Count);
    }
}
