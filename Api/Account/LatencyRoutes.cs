using System.Globalization;
using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Account;

/// <summary>A budget beside what was measured.</summary>
/// <param name="Series">A class, or a part of one with a budget of its own.</param>
/// <param name="Class">The class.</param>
/// <param name="P95BudgetMs">p95 in milliseconds that is not to be exceeded.</param>
/// <param name="P99BudgetMs">p99, where one is promised.</param>
/// <param name="BoundedBy">One sentence on what bounds it.</param>
/// <param name="WithinBudget">Whether the measured p95 is; left out without samples.</param>
/// <param name="TailRatio">p99 over p95.</param>
/// <param name="Tail">What that ratio says: on_target (to 1.5), healthy (to 3), watch (to 5) or tail_issue.</param>
/// <param name="Numbers">What was measured.</param>
public sealed record SeriesView(
    string Series,
    string Class,
    double P95BudgetMs,
    double? P99BudgetMs,
    string BoundedBy,
    bool? WithinBudget,
    double? TailRatio,
    string? Tail,
    LatencyNumbers? Numbers);

/// <summary>The latencies of a window. Percentiles are exact, by nearest rank, over right-shaped answers not later than the cutoff.</summary>
public sealed record LatencyView(
    DateTimeOffset From,
    DateTimeOffset To,
    int StepSeconds,
    double CutoffMs,
    IReadOnlyList<SeriesView> Series,
    IReadOnlyList<LatencyNumbers> Operations,
    IReadOnlyList<LatencyNumbers> Steps,
    IReadOnlyList<CutoffCount> Cutoffs);

/// <summary>Operations, newest first. <c>next</c> is the cursor of the next page.</summary>
public sealed record OperationPage(IReadOnlyList<RecordedOperation> Requests, string? Next);

/// <summary>Where the tenant's milliseconds went.</summary>
internal static class LatencyRoutes
{
    private const int DefaultPage = 50;
    private const int LargestPage = 500;
    private const int MostSteps = 2000;
    private const int DefaultSteps = 60;

    private static readonly TimeSpan DefaultWindow = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestWindow = TimeSpan.FromDays(31);

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
        CancellationToken cancellationToken)
    {
        var (start, end) = Window(from, to, time);
        var step = Step(stepSeconds, start, end);
        var numbers = await reader.ReadAsync(caller.Tenant, start, end, TimeSpan.FromSeconds(step), caller.Timer, cancellationToken);
        return TypedResults.Ok(new LatencyView(
            start, end, step, LatencyBudgets.Cutoff.TotalMilliseconds,
            [.. LatencyBudgets.All.Select(budget => ViewOf(budget, numbers.Series.FirstOrDefault(n => n.Series == budget.Series)))],
            numbers.Operations, numbers.Steps, numbers.Cutoffs));
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
        var (start, end) = Window(from, to, time);
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

    public static int Step(int? seconds, DateTimeOffset start, DateTimeOffset end)
    {
        Ranges.Check("step_seconds", seconds, 1, (int)LongestWindow.TotalSeconds);
        var step = seconds ?? Math.Max(1, (int)Math.Ceiling((end - start).TotalSeconds / DefaultSteps));
        return (end - start).TotalSeconds / step <= MostSteps
            ? step
            : throw new ProblemException(Problems.Invalid("step_seconds", $"Gives more than {MostSteps} steps in this window: make it at least {Math.Ceiling((end - start).TotalSeconds / MostSteps)}."));
    }

    public static (DateTimeOffset From, DateTimeOffset To) Window(string? from, string? to, TimeProvider time)
    {
        var end = Ranges.Time("to", to) ?? time.GetUtcNow();
        var start = Ranges.Time("from", from) ?? end - DefaultWindow;
        if (start >= end)
            throw new ProblemException(Problems.Invalid("from", "Must be before 'to'."));
        return end - start <= LongestWindow
            ? (start, end)
            : throw new ProblemException(Problems.Invalid("from", $"A window has at most {LongestWindow.TotalDays.ToString(CultureInfo.InvariantCulture)} days."));
    }

    public static void OneOf(string field, string? value, IEnumerable<string> allowed)
    {
        if (value is not null && !allowed.Contains(value))
            throw new ProblemException(Problems.Invalid(field, $"Must be one of {string.Join(", ", allowed)}."));
    }

    private static SeriesView ViewOf(LatencyBudget budget, LatencyNumbers? numbers)
    {
        double? ratio = numbers is { P95Ms: > 0 and var p95, P99Ms: { } p99 } ? Math.Round(p99 / p95, 2) : null;
        return new SeriesView(
            budget.Series, OpNames.Of(budget.Class), budget.P95Ms, budget.P99Ms, budget.BoundedBy,
            numbers?.P95Ms is { } measured ? measured <= budget.P95Ms : null,
            ratio,
            ratio switch { null => null, <= 1.5 => "on_target", <= 3 => "healthy", <= 5 => "watch", _ => "tail_issue" },
            numbers);
    }
}
