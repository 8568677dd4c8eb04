using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Account;

/// <summary>What the smoke found, from deployment to deployment. Runs are appended and read, never changed.</summary>
internal static class SmokeRoutes
{
    private const int DefaultPage = 50;
    private const int LargestPage = 500;

    private const string One = """
        "id":"019c1234-5678-7abc-8def-0123456789ab","at":"2026-01-31T09:30:00+00:00","deploy_id":"0.1.0","verdict":"passed","duration_ms":14210.5,"passed":1,"failed":0,"skipped":0,"floor_ratio":2.4
        """;

    private const string Check = """{"group":"buckets","name":"the floor: GET /router/buckets","outcome":"passed","ms":0.41}""";

    private const string Request = $$"""
        {"at":"2026-01-31T09:30:00Z","verdict":"passed","duration_ms":14210.5,"floor_ratio":2.4,"checks":[{{Check}}]}
        """;

    private const string Point = """
        {"run_id":"019c1234-5678-7abc-8def-0123456789ab","at":"2026-01-31T09:30:00+00:00","deploy_id":"0.1.0","group":"buckets","name":"the floor: GET /router/buckets","outcome":"passed","ms":0.41}
        """;

    public static void MapSmoke(this IEndpointRouteBuilder routes)
    {
        var smoke = routes.MapGroup("/account/smoke").WithTags("Account");
        smoke.MapPost("", AppendAsync).RequireScope(Scopes.AccountAdmin).WithName("append_smoke").WithExample(Request, $$"""{{{One}}}""")
            .WithSummary("Keeps a run of the smoke: every check with its timing. Nothing can be changed afterwards.");
        smoke.MapGet("", ListAsync).RequireScope(Scopes.UsageRead).WithName("smoke_runs").WithExample(response: $$"""{"runs":[{{{One}}}]}""")
            .WithSummary("Runs of the smoke, newest first.");
        smoke.MapGet("/timings", TimingsAsync).RequireScope(Scopes.UsageRead).WithName("smoke_timings").WithExample(response: $$"""{"points":[{{Point}}]}""")
            .WithSummary("How checks went from run to run, oldest first: of one group, of one check, or all; of the newest runs (50 by default).");
        smoke.MapGet("/{id}", FindAsync).RequireScope(Scopes.UsageRead).WithName("smoke_run").WithExample(response: $$"""{{{One}},"checks":[{{Check}}]}""")
            .WithSummary("One run with its checks in their order.").ProducesProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Created<SmokeRun>> AppendAsync(Caller caller, Body<AppendSmokeRequest> body, SmokeRuns runs, CancellationToken cancellationToken)
    {
        var kept = await runs.AppendAsync(caller.Tenant, body.Value.ToRun(), caller.Timer, cancellationToken);
        return TypedResults.Created($"/account/smoke/{kept.Id}", kept);
    }

    private static async Task<Ok<SmokeRunPage>> ListAsync(
        Caller caller,
        SmokeRuns runs,
        [FromQuery(Name = "from")] string? from,
        [FromQuery(Name = "to")] string? to,
        [FromQuery(Name = "limit")] int? limit,
        [FromQuery(Name = "cursor")] string? cursor,
        CancellationToken cancellationToken)
    {
        Ranges.Check("limit", limit, 1, LargestPage);
        var (start, end) = Window(from, to);
        var size = limit ?? DefaultPage;
        var page = await runs.ListAsync(caller.Tenant, start, end, TimeCursor.Read(cursor), size, caller.Timer, cancellationToken);
        return TypedResults.Ok(new SmokeRunPage(page, page.Count == size ? TimeCursor.Of(page[^1].At, page[^1].Id) : null));
    }

    private static async Task<Ok<SmokePoints>> TimingsAsync(
        Caller caller,
        SmokeRuns runs,
        [FromQuery(Name = "group")] string? group,
        [FromQuery(Name = "check")] string? check,
        [FromQuery(Name = "from")] string? from,
        [FromQuery(Name = "to")] string? to,
        [FromQuery(Name = "runs")] int? limit,
        CancellationToken cancellationToken)
    {
        Ranges.Check("runs", limit, 1, LargestPage);
        var (start, end) = Window(from, to);
        return TypedResults.Ok(new SmokePoints(
            await runs.PointsAsync(caller.Tenant, start, end, group, check, limit ?? DefaultPage, caller.Timer, cancellationToken)));
    }

    private static async Task<Results<Ok<SmokeRunDetail>, Problem>> FindAsync(Caller caller, string id, SmokeRuns runs, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var run) && await runs.FindAsync(caller.Tenant, run, caller.Timer, cancellationToken) is var (found, checks)
            ? TypedResults.Ok(SmokeRunDetail.From(found, checks))
            : Problems.SmokeRunNotFound(id);

    // Runs are few: without a window all of them are meant.
    private static (DateTimeOffset From, DateTimeOffset To) Window(string? from, string? to)
    {
        var (start, end) = (Ranges.Time("from", from) ?? DateTimeOffset.UnixEpoch, Ranges.Time("to", to) ?? DateTimeOffset.MaxValue.AddDays(-1));
        return start < end ? (start, end) : throw new ProblemException(Problems.Invalid("from", "Must be before 'to'."));
    }
}
