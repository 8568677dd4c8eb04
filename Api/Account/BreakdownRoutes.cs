using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Account;

/// <summary>The hops of one series by step of time: means of <c>sampled_share</c> of its operations.</summary>
public sealed record BreakdownView(DateTimeOffset From, DateTimeOffset To, int StepSeconds, string Series, IReadOnlyList<HopStep> Hops, double SampledShare);

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
        TimeProvider time,
        [FromQuery(Name = "from")] string? from,
        [FromQuery(Name = "to")] string? to,
        [FromQuery(Name = "step_seconds")] int? stepSeconds,
        [FromQuery(Name = "series")] string? series,
        CancellationToken cancellationToken)
    {
        var (start, end) = LatencyRoutes.Window(from, to, time);
        var step = LatencyRoutes.Step(stepSeconds, start, end);
        LatencyRoutes.OneOf("series", series, LatencyBudgets.All.Select(budget => budget.Series));
        if (series is null)
            throw new ProblemException(Problems.Invalid("series", "Is required."));
        var found = await reader.ReadAsync(caller.Tenant, start, end, TimeSpan.FromSeconds(step), series, caller.Timer, cancellationToken);
        return TypedResults.Ok(new BreakdownView(start, end, step, series, found.Hops, Math.Round(found.SampledShare, 4)));
    }
}
