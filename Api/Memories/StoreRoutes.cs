using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Buckets;
using Engram.Engine.Extraction;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Engram.Engine.Memories;
using Engram.Engine.Usage;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Memories;

/// <summary>Storing memories, and taking a store back.</summary>
internal static class StoreRoutes
{
    /// <summary>How long <c>wait=extracted</c> waits: below the half minute after which proxies give up.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(25);

    public static void MapStore(this IEndpointRouteBuilder memories)
    {
        memories.MapPost("", StoreAsync).RequireScope(Scopes.MemoriesWrite).WithOperationClass(OpClass.Store).WithName("store_memory").WithExample(MemoryExamples.Store, MemoryExamples.Receipt)
            .WithSummary("Stores a memory, or several; they can be found when the answer arrives.")
            .Produces<ReceiptView>(StatusCodes.Status201Created)
            .ProducesProblems(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status503ServiceUnavailable);
        memories.MapPost("/undo", UndoAsync).RequireScope(Scopes.MemoriesDelete).WithName("undo_store").WithExample(MemoryExamples.Undo)
            .WithSummary("Takes a store back within 24 hours, unless the memory was edited since.")
            .ProducesProblems(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> StoreAsync(
        Caller caller,
        string bucket,
        Body<StoreRequest> body,
        BucketStore buckets,
        MemoryStore store,
        ExtractionJobs jobs,
        UsageMeter usage,
        PlanGate gate,
        [FromHeader(Name = "Idempotency-Key")] string? idempotencyKey,
        [FromQuery(Name = "wait")] string? wait,
        [FromQuery(Name = "dry_run")] bool? dryRun,
        CancellationToken cancellationToken)
    {
        if (wait is not (null or "extracted" or "accepted"))
            return Problems.Invalid("wait", "Must be extracted, or left out.");
        var request = body.Value;
        if (request.Memories is not null && request.FieldBesideMemories() is { } field)
            return Problems.Invalid(field, "Belongs into each of 'memories', not beside them.");
        await caller.DemandBucketAsync(buckets, bucket, cancellationToken);

        NewMemory[] memories = request.Memories is { } several ? [.. several.Select(memory => memory.ToNewMemory())] : [request.ToNewMemory()];
        using var share = dryRun == true ? null : await gate.DemandStoreAsync(caller.Tenant, caller.Principal.Plan, memories.Length, cancellationToken);
        caller.Tell(share?.Warning);
        var options = new StoreOptions(caller.Principal.KeyId, idempotencyKey, dryRun ?? false, share?.BucketLimit);
        var outcomes = await store.StoreAsync(caller.Tenant, bucket, memories, options, caller.Timer, cancellationToken);
        if (share is not null)
            share.Stored = Count(caller, usage, outcomes, idempotencyKey);
        var reports = wait == "extracted" && !options.DryRun ? await WaitAsync(caller, jobs, outcomes, cancellationToken) : null;
        return StoreReply.For(outcomes, isBatch: request.Memories is not null, options.DryRun, reports);
    }

    private static async Task<NoContent> UndoAsync(
        Caller caller,
        string bucket,
        Body<UndoRequest> body,
        BucketStore buckets,
        MemoryStore store,
        MemoryRemoval removal,
        CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(buckets, bucket, cancellationToken);
        await store.UndoAsync(caller.Tenant, bucket, body.Value.UndoToken, removal, caller.Timer, cancellationToken);
        return TypedResults.NoContent();
    }

    /// <summary>Counts what was stored. A request repeated with its Idempotency-Key is answered again and counts once.</summary>
    private static int Count(Caller caller, UsageMeter usage, IReadOnlyList<StoreOutcome> outcomes, string? idempotencyKey)
    {
        if (outcomes.FirstOrDefault(outcome => outcome.Receipt is not null)?.Receipt is not { } any)
            return 0;
        var stored = outcomes.Count(outcome => outcome.Receipt?.Status == StoreStatus.Stored);
        var id = idempotencyKey is null ? caller.Timer.RequestId : UsageMeter.IdOf(caller.Tenant, idempotencyKey);
        usage.Count(caller.Tenant, caller.Principal.KeyId, id, any.BucketId, UsageOperation.Store, stored);
        return stored;
    }

    private static Task<IReadOnlyDictionary<Guid, ExtractionReport>> WaitAsync(
        Caller caller, ExtractionJobs jobs, IReadOnlyList<StoreOutcome> outcomes, CancellationToken cancellationToken)
    {
        Guid[] stored = [.. outcomes.Where(outcome => outcome.Receipt?.Extraction == ExtractionState.Pending).Select(outcome => outcome.Receipt!.MemoryId)];
        return jobs.WaitAsync(caller.Tenant, stored, LongestWait, cancellationToken);
    }
}
