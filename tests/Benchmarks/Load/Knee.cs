using System.Globalization;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Load;

/// <summary>One rate that was tried.</summary>
/// <param name="Trouble">What was wrong at it, or null.</param>
internal sealed record Step(Stretch Stretch, double Cores, string? Trouble);

/// <summary>Raises the rate of arrivals until a class leaves its budget or the answers fall behind: the last rate before is the knee.</summary>
internal static class Knee
{
    private const double Factor = 1.5;
    private const int MostSteps = 14;
    private const int Refinements = 2;
    private const double TolerableErrors = 0.01;
    private const double KeptUp = 0.95;

    // Below this p95 is one or two requests.
    private const int FewestSamples = 20;

    /// <param name="from">Rate of the first step.</param>
    /// <param name="measure">Runs a stretch at a rate, and tells the processors it kept busy.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<IReadOnlyList<Step>> FindAsync(double from, Func<double, Task<(Stretch Stretch, double Cores)>> measure, CancellationToken cancellationToken)
    {
        var steps = new List<Step>();
        var (good, bad, rate) = (0.0, double.NaN, from);
        for (var i = 0; i < MostSteps && !cancellationToken.IsCancellationRequested; i++)
        {
            var (stretch, cores) = await measure(rate);
            var step = new Step(stretch, cores, TroubleOf(stretch));
            steps.Add(step);
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{rate:0.0}/s: {step.Trouble ?? "fine"}"));
            if (step.Trouble is null)
                good = rate;
            else
                bad = rate;
            if (!double.IsNaN(bad) && (good == 0 || steps.Count(s => s.Trouble is not null) > Refinements))
                break;
            rate = double.IsNaN(bad) ? rate * Factor : Math.Sqrt(good * bad);
        }

        return [.. steps.OrderBy(s => s.Stretch.Offered)];
    }

    public static void Print(IReadOnlyList<Step> steps)
    {
        if (steps.Count == 0)
            return;
        string[] classes = [.. steps[0].Stretch.Classes.Where(c => c.Offered > 0).Select(c => c.Name)];
        var table = new TextTable(["offered/s", "answered/s", .. classes.Select(name => $"{name} p95"), "errors", "cores busy", "trouble"]);
        foreach (var (stretch, cores, trouble) in steps)
        {
            table.Add([
                LoadReport.Number(stretch.Offered, "0.0"), LoadReport.Number(stretch.Answered, "0.0"),
                .. classes.Select(name => LoadReport.Number(stretch.Classes.First(c => c.Name == name).Times.P95, "0.0")),
                LoadReport.Number(stretch.Classes.Sum(c => c.ErrorCount), "0"), LoadReport.Number(cores, "0.00"), trouble ?? ""]);
        }

        Console.WriteLine($"{Environment.NewLine}{table}");
        var knee = steps.TakeWhile(s => s.Trouble is null).LastOrDefault();
        Console.WriteLine(knee is null
            ? "Already the first rate was too much: start lower with --rate."
            : string.Create(CultureInfo.InvariantCulture, $"The knee is at {knee.Stretch.Offered:0} requests a second{(steps.All(s => s.Trouble is null) ? " or above" : "")}."));
    }

    private static string? TroubleOf(Stretch stretch)
    {
        foreach (var c in stretch.Classes.Where(c => c.Offered > 0))
        {
            var all = c.Times.Count + c.ErrorCount;
            if (c.ErrorCount > Math.Max(1, TolerableErrors * all))
                return $"{c.Name}: {LoadReport.Errors(c)} of {all}";
            if (c.Times.Count >= FewestSamples && c.Times.P95 > c.BudgetMs)
                return string.Create(CultureInfo.InvariantCulture, $"{c.Name}: p95 {c.Times.P95:0} > {c.BudgetMs:0} ms");
        }

        return stretch.Answered < KeptUp * stretch.Offered ? "answers fall behind" : null;
    }
}
