using Engram.Api.Http;
using Engram.Engine.Latency;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engram.Api.Account;

/// <summary>
/// The platform's four numbers over the last seven days, one per class: no one number stands for all of them. Percentiles are over right-shaped
/// answers not later than the cutoff, each within <c>relative_error</c> of the exact one; what is not in them is counted beside them.
/// </summary>
public sealed record PublicLatencyView(
    DateTimeOffset From, DateTimeOffset To, double CutoffMs, double RelativeError, IReadOnlyList<PublicNumber> Numbers);

/// <summary>What anybody may know.</summary>
internal static class PublicRoutes
{
    public static void MapPublicNumbers(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/public/latency", LatencyAsync).WithTags("Public").WithName("public_latency").WithExample(response: LatencyExamples.Public)
            .WithSummary("Four numbers, one per class of operation, each with what bounds it. Needs no key; at most a minute old.")
            .ProducesProblems(StatusCodes.Status404NotFound);

    private static async Task<Results<Ok<PublicLatencyView>, Problem>> LatencyAsync(PublicLatency latency, HttpResponse response, CancellationToken cancellationToken)
    {
        if (await latency.ReadAsync(cancellationToken) is not { } numbers)
            return Problems.NotPublished();
        response.Headers.CacheControl = $"public, max-age={PublicLatency.KeptFor.TotalSeconds}";
        return TypedResults.Ok(new PublicLatencyView(
            numbers.From, numbers.To, LatencyBudgets.Cutoff.TotalMilliseconds, DurationSketch.RelativeError, numbers.Numbers));
    }
}
