using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Account;

/// <summary>The hops of one series by step of time; <c>method</c> says where from: <c>exact</c> from the records, <c>sketch</c> from the hourly roll-ups. The means are exact either way.</summary>
public sealed record BreakdownView(DateTimeOffset From, DateTimeOffset To, int StepSeconds, string Method, string Series, IReadOnlyList<HopStep> Hops);

/// <summary>What is behind the percentiles.</summary>
internal static class BreakdownRoutes
{
    public static void MapBreakdown(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/account/latency/breakdown", BreakdownAsync).RequireScope(Scopes.UsageRead).WithTags("Account").WithName("latency_breakdown")
            .WithExample(response: LatencyExamples.Breakdown)
            .WithSummary("Where the time of one series went, by step of time.");

    private static async Task<Ok<BreakdownView>> BreakdownAsync(
        Caller caller,
        BreakdownReader reader,
        LatencyReader latencies,
        TimeProvider time,
        [FromQuery(Name = "from")] string? from,
        [FromQuery(Name = "to")] string? to,
        [FromQuery(Name = "step_seconds")] int? stepSeconds,
        [FromQuery(Name = "series")] string? series,
        CancellationToken cancellationToken)
    {
        LatencyRoutes.OneOf("series", series, LatencyBudgets.All.Select(budget => budget.Series));
        if (series is null)
            throw new ProblemException(Problems.Invalid("series", "Is required."));
        var (start, end, step, exact) = LatencyRoutes.Steps(from, to, stepSeconds, method: null, latencies, time);
        var hops = await reader.ReadAsync(
            caller.Tenant, start, end, TimeSpan.FromSeconds(step), series, exact ? LatencyMethod.Exact : LatencyMethod.Sketch, caller.Timer, cancellationToken);
        return TypedResults.Ok(new BreakdownView(start, end, step, exact ? "exact" : "sketch", series, hops));
    }
}
