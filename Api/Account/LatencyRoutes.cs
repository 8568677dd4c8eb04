using System.Globalization;
using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Account;

/// <summary>Percentiles of the cold or of the warm answers of a series alone.</summary>
public sealed record TemperatureView(long Samples, double MeanMs, double P50Ms, double P95Ms, double P99Ms);

/// <summary>What part of the series' time one kind of hop took; the shares of a series add up to 1.</summary>
public sealed record HopView(string Hop, double Share, double MeanMs);

/// <summary>A budget beside what was measured.</summary>
/// <param name="Series">A class, or a part of one with a budget of its own.</param>
/// <param name="Class">The class.</param>
/// <param name="P95BudgetMs">p95 in milliseconds that is not to be exceeded.</param>
/// <param name="P99BudgetMs">p99, where one is promised.</param>
/// <param name="MeanBudgetMs">The mean, where one is promised.</param>
/// <param name="BoundedBy">One sentence on what bounds it.</param>
/// <param name="WithinBudget">Whether everything measured that has a budget is; left out without samples.</param>
/// <param name="TailRatio">p99 over p95.</param>
/// <param name="Tail">What that ratio says: on_target (to 1.5), healthy (to 3), watch (to 5) or tail_issue.</param>
/// <param name="TailTarget">The ratio to hold: 1.5, or 3 where the tail is structurally heavy.</param>
/// <param name="StructurallyHeavy">Whether what makes the tail lies outside the code: infrastructure or provider.</param>
/// <param name="Numbers">What was measured.</param>
/// <param name="Warm">The same without the first answers of each operation in each process.</param>
/// <param name="Cold">The same of these alone.</param>
/// <param name="Hops">Where its time went, the largest part first.</param>
public sealed record SeriesView(
    string Series,
    string Class,
    double P95BudgetMs,
    double? P99BudgetMs,
    double? MeanBudgetMs,
    string BoundedBy,
    bool? WithinBudget,
    double? TailRatio,
    string? Tail,
    double TailTarget,
    bool StructurallyHeavy,
    LatencyNumbers? Numbers,
    TemperatureView? Warm,
    TemperatureView? Cold,
    IReadOnlyList<HopView>? Hops);

/// <summary>
/// The latencies of a window, over right-shaped answers not later than the cutoff. <c>method</c> says how: <c>exact</c> by nearest rank over the
/// records, or <c>sketch</c> over hourly roll-ups with every percentile within <c>relative_error</c> of the exact one. <c>lost</c> counts operations
/// that were served but not recorded.
/// </summary>
public sealed record LatencyView(
    DateTimeOffset From,
    DateTimeOffset To,
    int StepSeconds,
    string Method,
    double RelativeError,
    double CutoffMs,
    IReadOnlyList<SeriesView> Series,
    IReadOnlyList<LatencyNumbers> Operations,
    IReadOnlyList<LatencyNumbers> Steps,
    IReadOnlyList<CutoffCount> Cutoffs,
    IReadOnlyList<ExclusionCount> Exclusions,
    IReadOnlyList<DeployMark> Deploys,
    long Lost);

/// <summary>Operations, newest first. <c>next</c> is the cursor of the next page.</summary>
public sealed record OperationPage(IReadOnlyList<RecordedOperation> Requests, string? Next);

/// <summary>Where the tenant's milliseconds went.</summary>
internal static class LatencyRoutes
{
    private const int DefaultPage = 50;
    private const int LargestPage = 500;
    private const int MostSteps = 2000;
    private const int DefaultSteps = 60;

    private static readonly string[] Methods = ["exact", "sketch"];

    private static readonly TimeSpan DefaultWindow = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestWindow = TimeSpan.FromDays(92);
    private static readonly TimeSpan LongestExactWindow = TimeSpan.FromDays(31);

    public static void MapLatency(this IEndpointRouteBuilder routes)
    {
        var latency = routes.MapGroup("/account").RequireScope(Scopes.UsageRead).WithTags("Account");
        latency.MapGet("/latency", LatencyAsync).WithName("latency").WithExample(response: LatencyExamples.Latency)
            .WithSummary("Percentiles by class and operation with their budgets, over a window of your choice (the last hour by default).");
        latency.MapGet("/requests", ListAsync).WithName("requests").WithExample(response: LatencyExamples.Requests)
            .WithSummary("Recorded operations, newest first, each with its hops.");
        latency.MapGet("/requests/{id}", FindAsync).WithName("request").WithExample(response: LatencyExamples.Request)
            .WithSummary("One operation by its X-Request-Id: where its milliseconds went.")
            .ProducesProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<LatencyView>> LatencyAsync(
        Caller caller,
        LatencyReader reader,
        TimeProvider time,
        [FromQuery(Name = "from")] string? from,
        [FromQuery(Name = "to")] string? to,
        [FromQuery(Name = "step_seconds")] int? stepSeconds,
        [FromQuery(Name = "method")] string? method,
        CancellationToken cancellationToken)
    {
        var (start, end, step, exact) = Steps(from, to, stepSeconds, method, reader, time);
        var window = await reader.ReadAsync(
            caller.Tenant, start, end, TimeSpan.FromSeconds(step), exact ? LatencyMethod.Exact : LatencyMethod.Sketch, caller.Timer, cancellationToken);
        return TypedResults.Ok(new LatencyView(
            start, end, step, Methods[exact ? 0 : 1], exact ? 0 : DurationSketch.RelativeError, LatencyBudgets.Cutoff.TotalMilliseconds,
            [.. LatencyBudgets.All.Select(budget => ViewOf(budget, window))],
            window.Operations, window.Steps, window.Cutoffs, window.Exclusions, window.Deploys, window.Lost));
    }

    /// <summary>The window that is read and its steps: as asked, or in full hours where it is so long that roll-ups are read.</summary>
    public static (DateTimeOffset Start, DateTimeOffset End, int Step, bool Exact) Steps(
        string? from, string? to, int? stepSeconds, string? method, LatencyReader reader, TimeProvider time)
    {
        var (start, end) = Window(from, to, time, LongestWindow);
        OneOf("method", method, Methods);
        var exact = method is null ? end - start <= reader.ExactWindow : method == Methods[0];
        if (exact && end - start > LongestExactWindow)
            throw new ProblemException(Problems.Invalid("method", $"exact reads at most {Days(LongestExactWindow)} days; sketch reads {Days(LongestWindow)}."));
        if (!exact)
            (start, end) = (Hour(start), Hour(end + TimeSpan.FromTicks(TimeSpan.TicksPerHour - 1)));
        return (start, end, Step(stepSeconds, end - start, exact), exact);
    }

    private static int Step(int? wanted, TimeSpan window, bool exact)
    {
        var unit = exact ? 1 : 3600;
        Ranges.Check("step_seconds", wanted, 1, (int)LongestWindow.TotalSeconds);
        if (wanted % unit > 0)
            throw new ProblemException(Problems.Invalid("step_seconds", "Must be full hours (a multiple of 3600) in a window this long, which is read from hourly roll-ups. Ask for method=exact or a shorter window."));
        var step = wanted ?? Math.Max(1, (int)Math.Ceiling(window.TotalSeconds / unit / DefaultSteps)) * unit;
        var least = Math.Ceiling(window.TotalSeconds / unit / MostSteps) * unit;
        return step >= least
            ? step
            : throw new ProblemException(Problems.Invalid("step_seconds", string.Create(CultureInfo.InvariantCulture, $"Gives more than {MostSteps} steps in this window: make it at least {least}.")));
    }

    private static async Task<Ok<OperationPage>> ListAsync(
        Caller caller,
        OperationReader reader,
        TimeProvider time,
        [FromQuery(Name = "from")] string? from,
        [FromQuery(Name = "to")] string? to,
        [FromQuery(Name = "class")] string? opClass,
        [FromQuery(Name = "series")] string? series,
        [FromQuery(Name = "operation")] string? operation,
        [FromQuery(Name = "outcome")] string? outcome,
        [FromQuery(Name = "min_ms")] double? minMs,
        [FromQuery(Name = "limit")] int? limit,
        [FromQuery(Name = "cursor")] string? cursor,
        CancellationToken cancellationToken)
    {
        var (start, end) = Window(from, to, time, LongestExactWindow);
        Ranges.Check("limit", limit, 1, LargestPage);
        OneOf("class", opClass, Enum.GetValues<OpClass>().Select(OpNames.Of));
        OneOf("series", series, LatencyBudgets.All.Select(budget => budget.Series));
        OneOf("outcome", outcome, Enum.GetValues<OpOutcome>().Select(OpNames.Of));
        if (minMs is < 0 or > 1e9 or double.NaN)
            throw new ProblemException(Problems.Invalid("min_ms", "Must be milliseconds, 0 or more."));
        var size = limit ?? DefaultPage;
        var operations = await reader.ListAsync(
            caller.Tenant, new OperationFilter(start, end, opClass, operation, outcome, minMs, series), TimeCursor.Read(cursor), size, caller.Timer, cancellationToken);
        return TypedResults.Ok(new OperationPage(operations, operations.Count == size ? TimeCursor.Of(operations[^1].At, operations[^1].RequestId) : null));
    }

    private static async Task<Results<Ok<RecordedOperation>, Problem>> FindAsync(Caller caller, OperationReader reader, string id, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var requestId) && await reader.FindAsync(caller.Tenant, requestId, caller.Timer, cancellationToken) is { } found
            ? TypedResults.Ok(found)
            : Problems.RequestNotFound(id);

    private static (DateTimeOffset From, DateTimeOffset To) Window(string? from, string? to, TimeProvider time, TimeSpan longest)
    {
        var end = Ranges.Time("to", to) ?? time.GetUtcNow();
        var start = Ranges.Time("from", from) ?? end - DefaultWindow;
        if (start >= end)
            throw new ProblemException(Problems.Invalid("from", "Must be before 'to'."));
        return end - start <= longest ? (start, end) : throw new ProblemException(Problems.Invalid("from", $"A window has at most {Days(longest)} days."));
    }

    private static string Days(TimeSpan time) => time.TotalDays.ToString(CultureInfo.InvariantCulture);

    private static DateTimeOffset Hour(DateTimeOffset at) => at - TimeSpan.FromTicks(at.UtcTicks % TimeSpan.TicksPerHour);

    public static void OneOf(string field, string? value, IEnumerable<string> allowed)
    {
        if (value is not null && !allowed.Contains(value))
            throw new ProblemException(Problems.Invalid(field, $"Must be one of {string.Join(", ", allowed)}."));
    }

    private static SeriesView ViewOf(LatencyBudget budget, LatencyWindow window)
    {
        var numbers = window.Series.FirstOrDefault(n => n.Series == budget.Series);
        double? ratio = numbers is { P95Ms: > 0 and var p95, P99Ms: { } p99 } ? Math.Round(p99 / p95, 2) : null;
        HopView[] hops = [.. window.Hops.Where(hop => hop.Series == budget.Series).Select(hop => new HopView(hop.Hop, hop.Share, hop.MeanMs))];
        return new SeriesView(
            budget.Series, OpNames.Of(budget.Class), budget.P95Ms, budget.P99Ms, budget.MeanMs, budget.BoundedBy,
            numbers is { P95Ms: { } measured }
                ? measured <= budget.P95Ms && !(numbers.P99Ms > budget.P99Ms) && !(numbers.MeanMs > budget.MeanMs)
                : null,
            ratio,
            ratio is { } tail ? LatencyBudgets.TailOf(tail) : null,
            budget.TailTarget,
            budget.StructurallyHeavy,
            numbers,
            TemperatureOf(cold: false),
            TemperatureOf(cold: true),
            hops.Length > 0 ? hops : null);

        TemperatureView? TemperatureOf(bool cold) => window.Temperatures.FirstOrDefault(t => t.Series == budget.Series && t.Cold == cold) is { } t
            ? new TemperatureView(t.Samples, t.MeanMs, t.P50Ms, t.P95Ms, t.P99Ms)
            : null;
    }
}
