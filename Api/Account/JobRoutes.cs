using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Api.Memories;
using Engram.Engine.Extraction;
using Engram.Engine.Keys;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Account;

/// <summary>Extraction jobs, newest first. <c>next</c> is the cursor of the next page, or absent at the end.</summary>
public sealed record JobList(IReadOnlyList<JobView> Jobs, Guid? Next);

/// <summary>
/// An extraction job. <c>state</c> is <c>queued</c>, <c>running</c>, <c>done</c> or <c>dead</c>; <c>skipped</c> says why the text, or a part of it, was not
/// extracted: <c>system_prompt</c>, <c>tool_dump</c> or <c>recalled</c>.
/// </summary>
public sealed record JobView(
    Guid JobId, Guid MemoryId, string BucketName, string State, int Attempts, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, int? Triples, int? Dropped, string? Skipped,
    string? Extractor, string? Error, ProviderFaultView? Provider, DateTimeOffset? RetryAt)
{
    public static JobView From(QueuedJob job)
    {
        var report = ExtractionView.From(job.Report);
        return new JobView(
            report.JobId, report.MemoryId, job.BucketName, report.State, report.Attempts, job.CreatedAt, job.FinishedAt, report.Triples, report.Dropped, report.Skipped,
            report.Extractor, report.Error, report.Provider, report.RetryAt);
    }
}

/// <summary>How many failed jobs are tried again.</summary>
public sealed record JobsRetried(long Retried);

/// <summary>What the extraction of memories came to, and a second chance for what failed.</summary>
internal static class JobRoutes
{
    private const string Example = """
        {"jobs":[{"job_id":"019c1234-5678-7abc-8def-0123456789ac","memory_id":"019c1234-5678-7abc-8def-0123456789ab","bucket_name":"default","state":"queued","attempts":2,"created_at":"2026-01-31T09:29:00+00:00","error":"openai (gpt-4.1-mini) rate_limited: The provider's own limit is reached.","provider":{"name":"openai","model":"gpt-4.1-mini","kind":"rate_limited","upstream_status":429,"elapsed_ms":812.5,"attempts":3,"hint":"The provider's own limit is reached."},"retry_at":"2026-01-31T09:30:00+00:00"}]}
        """;

    public static void MapJobs(this IEndpointRouteBuilder routes)
    {
        var jobs = routes.MapGroup("/account/jobs").WithTags("Account");
        jobs.MapGet("", ListAsync).RequireScope(Scopes.AccountAdmin).WithName("list_jobs").WithExample(response: Example)
            .WithSummary("Extraction jobs, newest first: what each gave, or why it has not given anything.");
        jobs.MapGet("/depth", DepthAsync).RequireScope(Scopes.AccountAdmin).WithName("job_depth")
            .WithExample(response: """{"queued":3,"retrying":1,"running":2,"dead":0,"oldest_queued_at":"2026-01-31T09:29:00+00:00"}""")
            .WithSummary("How many jobs wait, run and failed for good, and since when the oldest waits.");
        jobs.MapPost("/{id}/cancel", CancelAsync).RequireScope(Scopes.AccountAdmin).WithName("cancel_job")
            .WithSummary("Ends a job that waits or runs. Its memory stays, and it can be retried.").ProducesProblems(StatusCodes.Status404NotFound);
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
        return TypedResults.Ok(new JobList([.. page.Select(JobView.From)], page.Count == wanted ? page[^1].Report.JobId : null));
    }

    private static async Task<Ok<QueueDepth>> DepthAsync(Caller caller, ExtractionJobs jobs, CancellationToken cancellationToken) =>
        TypedResults.Ok(await jobs.DepthAsync(caller.Tenant, cancellationToken));

    private static async Task<Results<NoContent, Problem>> CancelAsync(Caller caller, string id, ExtractionJobs jobs, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var job) && await jobs.CancelAsync(caller.Actor, job, cancellationToken)
            ? TypedResults.NoContent()
            : Problems.JobNotFound(id, "waiting or running");

    private static async Task<Ok<JobsRetried>> RetryAllAsync(Caller caller, ExtractionJobs jobs, CancellationToken cancellationToken) =>
        TypedResults.Ok(new JobsRetried(await jobs.RetryAsync(caller.Tenant, job: null, cancellationToken)));

    private static async Task<IResult> RetryAsync(Caller caller, string id, ExtractionJobs jobs, CancellationToken cancellationToken)
    {
        // One that is done, running or another tenant's is the same as none.
        var retried = Guid.TryParse(id, out var job) ? await jobs.RetryAsync(caller.Tenant, job, cancellationToken) : 0;
        return retried == 0 ? Problems.JobNotFound(id) : TypedResults.Ok(new JobsRetried(retried));
    }
}
