using System.CommandLine;
using System.Globalization;
using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Platform;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Load;

/// <summary>`load`: mixed traffic by class at its own pace, seen by the client and by the server; its knee; and reads beside a flood of queries.</summary>
internal static class LoadCommand
{
    private const string DefaultModel = "fake-answer@200ms";

    public static Command Create()
    {
        var command = new Command("load", "Mixed traffic by class in an open loop, beside what the server recorded of it; with --knee its limit, with --flood reads beside too many queries");
        var users = new Argument<int>("users") { Description = "Users, each with a request a second on average", DefaultValueFactory = _ => 50 }.Between(1, 100_000);
        var seconds = new Argument<double>("seconds") { Description = "How long requests come; with --knee how long at each rate", DefaultValueFactory = _ => 60 }.Between(1, 86_400);
        command.Add(users);
        command.Add(seconds);
        var platform = new PlatformOptions(command, withFloors: true);
        var rate = new Option<double?>("--rate") { Description = "Requests a second in all, instead of one for each user" }.Between(0.01, 100_000);
        var mix = new Option<string?>("--mix") { Description = "Shares of the classes, such as read=50,mcp=25,store=5,search=15,query=5 (the default)" };
        var constant = new Option<bool>("--constant") { Description = "Arrivals at even distances instead of Poisson's" };
        var memories = new Option<int>("--memories") { Description = "Size of the bucket that is read and asked", DefaultValueFactory = _ => 1000 }.Between(10, 1_000_000);
        var model = new Option<string>("--model") { Description = "The fake provider's model that answers queries", DefaultValueFactory = _ => DefaultModel };
        var knee = new Option<bool>("--knee") { Description = "Raise the rate step by step until a p95 leaves its budget or answers fall behind" };
        var flood = new Option<double?>("--flood") { Description = "Searches a second: measure reads with and without this flood, in turns" }.Between(1, 100_000);
        var json = new Option<FileInfo?>("--json") { Description = "Write the figures to this file as well" };
        foreach (var option in new Option[] { rate, mix, constant, memories, model, knee, flood, json })
            command.Add(option);
        command.SetAction(async (result, ct) =>
        {
            var weights = result.GetValue(mix) is { } text ? Mix.Parse(text) : Mix.Default;
            var settings = new LoadSettings(
                result.GetValue(users), TimeSpan.FromSeconds(result.GetValue(seconds)), result.GetValue(rate) ?? result.GetValue(users), weights, !result.GetValue(constant));
            var wantsModel = weights.GetValueOrDefault(Mix.Query) > 0 && result.GetValue(flood) is null;
            await using var session = await LoadSession.StartAsync(
                platform.Resolve(result), new TextSource([], []), result.GetValue(memories), wantsModel ? platform.FakeProvider(result) : null, result.GetRequiredValue(model), ct);
            if (wantsModel && !session.HasModel)
                await Console.Error.WriteLineAsync("No fake provider is known, so no model answers: the class query is left out.");
            ThreadPool.SetMinThreads(16, 16);
            using var loop = new OpenLoop(session.Traffic());
            await loop.OpenAsync(Math.Clamp(settings.Users, 4, 32), ct);
            var run = new LoadRun(session, loop, ProcessTable.Find(platform.Ports(result)), settings);
            var figures = result.GetValue(flood) is { } searches ? await run.FloodAsync(searches, ct) : result.GetValue(knee) ? await run.KneeAsync(ct) : await run.SteadyAsync(ct);
            foreach (var (name, error) in loop.FirstErrors)
                Console.WriteLine($"First error of '{name}': {error}");
            if (result.GetValue(json) is { } file)
                await LoadReport.WriteAsync(file, figures);
            return 0;
        });
        return command;
    }
}

/// <summary>How the load is applied.</summary>
/// <param name="Users">How many users.</param>
/// <param name="Time">How long, or how long at each rate.</param>
/// <param name="Rate">Requests a second in all.</param>
/// <param name="Weights">Shares of the classes.</param>
/// <param name="Poisson">Poisson arrivals, or even ones.</param>
internal sealed record LoadSettings(int Users, TimeSpan Time, double Rate, IReadOnlyDictionary<string, double> Weights, bool Poisson);

/// <summary>The three things the load benchmark can do.</summary>
internal sealed class LoadRun(LoadSession session, OpenLoop loop, ProcessTable processes, LoadSettings settings)
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    /// <summary>One rate for the whole time.</summary>
    public async Task<object> SteadyAsync(CancellationToken cancellationToken)
    {
        var rates = RatesFor(settings.Rate);
        await loop.RunAsync(rates, Shorter(WarmUp), settings.Poisson, cancellationToken);
        var before = processes.Read();
        var stretch = await loop.RunAsync(rates, settings.Time, settings.Poisson, cancellationToken);
        var usage = Usage.Between(before, processes.Read(), settings.Time);
        var recorded = await ServerNumbers.OfAsync(session.Client, stretch, cancellationToken);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{Environment.NewLine}{settings.Rate:0.#} requests a second for {settings.Time.TotalSeconds:0} s, {(settings.Poisson ? "Poisson arrivals" : "even arrivals")}; {Machine.Current()}"));
        LoadReport.Print(stretch, recorded, usage);
        return new { settings, stretch, recorded, usage };
    }

    /// <summary>Rates, rising.</summary>
    public async Task<object> KneeAsync(CancellationToken cancellationToken)
    {
        await loop.RunAsync(RatesFor(settings.Rate), Shorter(WarmUp), settings.Poisson, cancellationToken);
        var steps = await Knee.FindAsync(settings.Rate, async rate =>
        {
            var before = processes.Read();
            var stretch = await loop.RunAsync(RatesFor(rate), settings.Time, settings.Poisson, cancellationToken);
            return (stretch, Usage.Between(before, processes.Read(), settings.Time).Sum(u => u.Cores));
        }, cancellationToken);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Environment.NewLine}{settings.Time.TotalSeconds:0} s at each rate, p95 in ms; {Machine.Current()}"));
        Knee.Print(steps);
        return new { settings, steps };
    }

    /// <summary>Reads with and without a flood of searches.</summary>
    public async Task<object> FloodAsync(double searches, CancellationToken cancellationToken)
    {
        var alone = loop.Traffic.Select(t => t.Name == Mix.Read ? settings.Rate : 0).ToArray();
        var beside = loop.Traffic.Select((t, i) => t.Name == Mix.Search ? searches : alone[i]).ToArray();
        var (without, with) = await InTurns.RunAsync(loop, alone, beside, settings.Time, "reads without and with the flood", cancellationToken);
        Console.WriteLine($"{Environment.NewLine}Reads without and with a flood of searches, in turns; {Machine.Current()}");
        LoadReport.Print("nothing", "the flood", without, with);
        var (calm, flooded) = (without.First(c => c.Name == Mix.Read), with.First(c => c.Name == Mix.Read));
        var moved = flooded.Times.P95 - calm.Times.P95;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"The flood moves the reads' p95 by {moved:0.0} ms; their budget is {calm.BudgetMs:0} ms: {(moved <= calm.BudgetMs && flooded.ErrorCount == 0 ? "pass" : "FAIL")}."));
        return new { settings, searches, without, with };
    }

    private double[] RatesFor(double total)
    {
        double[] weights = [.. loop.Traffic.Select(t => settings.Weights.GetValueOrDefault(t.Name))];
        return [.. weights.Select(weight => total * weight / Math.Max(1e-9, weights.Sum()))];
    }

    private TimeSpan Shorter(TimeSpan time) => time < settings.Time ? time : settings.Time;
}
