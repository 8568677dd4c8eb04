using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Load;

/// <summary>The same traffic without and with something beside it, in turns of a few seconds: on a machine with noise of its own, only neighbours can be compared.</summary>
internal static class InTurns
{
    private const int Rounds = 5;

    /// <param name="loop">The traffic.</param>
    /// <param name="without">Rates of each class without it.</param>
    /// <param name="with">Rates with it.</param>
    /// <param name="time">Of both together.</param>
    /// <param name="what">For the progress bar.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<(IReadOnlyList<Outcome> Without, IReadOnlyList<Outcome> With)> RunAsync(
        OpenLoop loop, IReadOnlyList<double> without, IReadOnlyList<double> with, TimeSpan time, string what, CancellationToken cancellationToken)
    {
        var turn = time / (2 * Rounds);
        var warmUp = TimeSpan.FromSeconds(Math.Min(3, turn.TotalSeconds));
        await loop.RunAsync(without, warmUp, poisson: true, cancellationToken);
        await loop.RunAsync(with, warmUp, poisson: true, cancellationToken);
        var (first, second) = (new List<Stretch>(), new List<Stretch>());
        using var progress = new Progress(what, 2 * Rounds);
        for (var round = 0; round < Rounds; round++)
        {
            first.Add(await loop.RunAsync(without, turn, poisson: true, cancellationToken));
            progress.Add();
            second.Add(await loop.RunAsync(with, turn, poisson: true, cancellationToken));
            progress.Add();
        }

        return (Merge(loop, first), Merge(loop, second));
    }

    private static Outcome[] Merge(OpenLoop loop, List<Stretch> stretches) =>
        [.. loop.Traffic.Select((_, i) => Outcome.Merge([.. stretches.Select(s => s.Classes[i])]))];
}
