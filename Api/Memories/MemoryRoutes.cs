using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Buckets;
using Engram.Engine.Keys;
using Engram.Engine.Memories;
using Engram.Engine.Usage;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Memories;

/// <summary>The memories of a bucket: list, get, edit, delete, clear. Storing is in <see cref="StoreRoutes"/>.</summary>
internal static class MemoryRoutes
{
    private const int DefaultPage = 20;

    public static void MapMemories(this IEndpointRouteBuilder routes)
    {
        var memories = routes.MapGroup("/v1/buckets/{bucket}/memories").WithTags("Memories");
        memories.MapStore();
        memories.MapGet("", ListAsync).RequireScope(Scopes.MemoriesRead).WithName("list_memories").WithExample(response: MemoryExamples.Page)
            .WithSummary("A page of a bucket's memories, newest first.").ProducesProblems(StatusCodes.Status404NotFound);
        memories.MapGet("/{id}", GetAsync).RequireScope(Scopes.MemoriesRead).WithName("get_memory").WithExample(response: MemoryExamples.Detail)
            .WithSummary("A memory with its triples and its history.").ProducesProblems(StatusCodes.Status404NotFound);
        memories.MapPatch("/{id}", EditAsync).RequireScope(Scopes.MemoriesWrite).WithName("update_memory").WithExample(MemoryExamples.Edit, MemoryExamples.Detail)
            .WithSummary("Changes a memory; what it was goes to its history.")
            .ProducesProblems(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status413PayloadTooLarge);
        memories.MapDelete("/{id}", DeleteAsync).RequireScope(Scopes.MemoriesDelete).WithName("delete_memory")
            .WithSummary("Deletes a memory with everything only it supports.").ProducesProblems(StatusCodes.Status404NotFound);
        memories.MapDelete("", ClearAsync).RequireScope(Scopes.MemoriesDelete).WithName("clear_memories").WithExample(response: MemoryExamples.Cleared)
            .WithSummary("Deletes every memory of a bucket, or those that match a filter; with dry_run counts them.").ProducesProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<MemoryPageView>> ListAsync(
        Caller caller,
        string bucket,
        BucketStore buckets,
        MemoryReader reader,
        MemoryTraceReader traceReader,
        [FromQuery(Name = "limit")] int? limit,
        [FromQuery(Name = "cursor")] string? cursor,
        [FromQuery(Name = "offset")] int? offset,
        [FromQuery(Name = "filter")] string? filter,
        [FromQuery(Name = "status")] string? status,
        [FromQuery(Name = "details")] bool? details,
        CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(buckets, bucket, cancellationToken);
        var (size, skip) = (limit ?? DefaultPage, offset ?? 0);
        if (cursor is not null && skip > 0)
            throw new ProblemException(Problems.Invalid("offset", "Give a cursor or an offset, not both."));
        var page = await reader.ListAsync(
            caller.Tenant, bucket, size, skip, cursor, ListFilter.Parse(filter, status), caller.Timer, cancellationToken);
        var traces = details == true
            ? await traceReader.ReadAsync(caller.Tenant, [.. page.Memories.Select(memory => memory.Id)], caller.Timer, cancellationToken)
            : null;
        return TypedResults.Ok(new MemoryPageView(
            [.. page.Memories.Select(memory => MemoryView.From(memory, page.BucketName, traces?.GetValueOrDefault(memory.Id)))], page.Total, size, skip, page.Next));
    }

    private static async Task<Ok<MemoryDetailView>> GetAsync(
        Caller caller, string bucket, string id, BucketStore buckets, MemoryReader reader, MemoryTraceReader traceReader, CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(buckets, bucket, cancellationToken);
        var detail = await reader.GetAsync(caller.Tenant, bucket, MemoryId(id), caller.Timer, cancellationToken);
        var traces = await traceReader.ReadAsync(caller.Tenant, [detail.Memory.Id], caller.Timer, cancellationToken);
        return TypedResults.Ok(MemoryDetailView.From(detail, traces.GetValueOrDefault(detail.Memory.Id)));
    }

    private static async Task<Ok<MemoryDetailView>> EditAsync(
        Caller caller,
        string bucket,
        string id,
        Body<EditRequest> body,
        BucketStore buckets,
        MemoryEditor editor,
        MemoryReader reader,
        UsageMeter usage,
        CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(buckets, bucket, cancellationToken);
        var memoryId = MemoryId(id);
        var edit = new MemoryEdit(body.Value.Content, body.Value.Metadata ?? default, body.Value.Categories);
        await editor.EditAsync(caller.Tenant, bucket, memoryId, edit, caller.Principal.KeyId, caller.Timer, cancellationToken);
        usage.Count(caller.Tenant, caller.Principal.KeyId, caller.Timer.RequestId, null, UsageOperation.Edit, 1);
        return TypedResults.Ok(MemoryDetailView.From(await reader.GetAsync(caller.Tenant, bucket, memoryId, caller.Timer, cancellationToken)));
    }

    private static async Task<NoContent> DeleteAsync(
        Caller caller, string bucket, string id, BucketStore buckets, MemoryRemoval removal, UsageMeter usage, CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(buckets, bucket, cancellationToken);
        await removal.DeleteAsync(caller.Tenant, bucket, MemoryId(id), caller.Timer, cancellationToken: cancellationToken);
        usage.Count(caller.Tenant, caller.Principal.KeyId, caller.Timer.RequestId, null, UsageOperation.Delete, 1);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ClearResult>> ClearAsync(
        Caller caller,
        string bucket,
        BucketStore buckets,
        MemoryRemoval removal,
        MatchingRemoval matching,
        UsageMeter usage,
        [FromQuery(Name = "dry_run")] bool? dryRun,
        [FromQuery(Name = "filter")] string? filter,
        [FromQuery(Name = "status")] string? status,
        CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(buckets, bucket, cancellationToken);
        var wanted = ListFilter.Parse(filter, status);
        // A filter that came out empty was not meant as "everything".
        if (wanted is null && filter is not null)
            throw new ProblemException(Problems.Invalid("filter", "Matches every memory; leave it out to clear the bucket."));
        var cleared = wanted is not null
            ? await matching.DeleteAsync(caller.Tenant, bucket, wanted, dryRun ?? false, caller.Timer, cancellationToken)
            : await removal.ClearAsync(caller.Tenant, bucket, dryRun ?? false, caller.Timer, cancellationToken);
        if (dryRun != true)
            usage.Count(caller.Tenant, caller.Principal.KeyId, caller.Timer.RequestId, null, UsageOperation.Delete, cleared);
        return TypedResults.Ok(new ClearResult(true, cleared, dryRun ?? false));
    }

    /// <summary>What is no id at all is as unknown as an id that was never given out.</summary>
    private static Guid MemoryId(string id) => Guid.TryParse(id, out var memoryId) ? memoryId : throw new ProblemException(Problems.MemoryNotFound());
}
