using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Api.Memories;
using Engram.Engine.Extraction;
using Engram.Engine.Keys;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Account;

/// <summary>Extraction jobs, newest first. <c>next</c> is the cursor of the next page, or absent at the end.</summary>
public sealed record JobList(IReadOnlyList<ExtractionView> Jobs, Guid? Next);

/// <summary>How many failed jobs are tried again.</summary>
public sealed record JobsRetried(long Retried);

/// <summary>What the extraction of memories came to, and a second chance for what failed.</summary>
internal static class JobRoutes
{
    private const string Example = """
        {"jobs":[{"job_id":"019c1234-5678-7abc-8def-0123456789ac","memory_id":"019c1234-5678-7abc-8def-0123456789ab","state":"queued","attempts":2,"error":"openai (gpt-4.1-mini) rate_limited: The provider's own limit is reached.","provider":{"name":"openai","model":"gpt-4.1-mini","kind":"rate_limited","upstream_status":429,"elapsed_ms":812.5,"attempts":3,"hint":"The provider's own limit is reached."},"retry_at":"2026-01-31T09:30:00+00:00"}]}
        """;

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/account/jobs").WithTags("Account");
        jobs.MapGet("", ListAsync).RequireScope(Scopes.AccountAdmin).WithName("list_jobs").WithExample(response: Example)
            .WithSummary("Extraction jobs, newest first: what each gave, or why it has not given anything.");
        jobs.MapPost("/retry", RetryAllAsync).RequireScope(Scopes.AccountAdmin).WithName("retry_jobs").WithExample(response: """{"retried":12}""")
            .WithSummary("Tries every failed job again at once, as after a provider's key was mended.");
        jobs.MapPost("/{id}/retry", RetryAsync).RequireScope(Scopes.AccountAdmin).WithName("retry_job").WithExample(response: """{"retried":1}""")
            .WithSummary("Tries one failed job again at once.").Produces<JobsRetried>().ProducesProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<JobList>> ListAsync(
        Caller caller,
        ExtractionJobs jobs,
        [FromQuery(Name = "state")] string? state,
        [FromQuery(Name = "before")] string? before,
        [FromQuery(Name = "limit")] int? limit,
        CancellationToken cancellationToken)
    {
        Ranges.Check("limit", limit, 1, ExtractionJobs.MaxPage);
        Guid cursor = default;
        if (before is not null && !Guid.TryParse(before, out cursor))
            throw new ProblemException(Problems.Invalid("before", "Must be the id of a job, as 'next' gives it."));
        var wanted = limit ?? 50;
        var page = await jobs.ListAsync(caller.Tenant, state, before is null ? null : cursor, wanted, cancellationToken);
        return TypedResults.Ok(new JobList([.. page.Select(ExtractionView.From)], page.Count == wanted ? page[^1].JobId : null));
    }

    private static async Task<Ok<JobsRetried>> RetryAllAsync(Caller caller, ExtractionJobs jobs, CancellationToken cancellationToken) =>
        TypedResults.Ok(new JobsRetried(await jobs.RetryAsync(caller.Tenant, job: null, cancellationToken)));

    private static async Task<IResult> RetryAsync(Caller caller, string id, ExtractionJobs jobs, CancellationToken cancellationToken)
    {
        // One that is done, running or another tenant's is the same as none.
        var retried = Guid.TryParse(id, out var job) ? await jobs.RetryAsync(caller.Tenant, job, cancellationToken) : 0;
        return retried == 0 ? Problems.JobNotFound(id) : TypedResults.Ok(new JobsRetried(retried));
    }
}
