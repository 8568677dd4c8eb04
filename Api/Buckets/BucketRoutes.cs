using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Buckets;
using Engram.Engine.Keys;
using Engram.Engine.Usage;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Buckets;

/// <summary>Buckets.</summary>
internal static class BucketRoutes
{
    public static void MapBuckets(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/router/buckets", RouterListAsync).RequireScope(Scopes.MemoriesRead).WithTags("Buckets").WithName("router_buckets").WithExample(response: BucketExamples.Router)
            .WithSummary("Every bucket with its size and its last write: the cheapest authenticated read.");

        var buckets = routes.MapGroup("/v1/buckets").WithTags("Buckets");
        buckets.MapGet("", ListAsync).RequireScope(Scopes.MemoriesRead).WithName("list_buckets").WithExample(response: BucketExamples.List).WithSummary("Buckets by name.");
        buckets.MapPost("", CreateAsync).RequireScope(Scopes.BucketsAdmin).WithName("create_bucket").WithExample(BucketExamples.Create, BucketExamples.One).WithSummary("Makes a bucket.")
            .ProducesProblems(StatusCodes.Status409Conflict);
        buckets.MapPatch("/{bucket}", DescribeAsync).RequireScope(Scopes.BucketsAdmin).WithName("describe_bucket").WithExample(BucketExamples.Describe, BucketExamples.One)
            .WithSummary("Changes what is said of a bucket.").ProducesProblems(StatusCodes.Status404NotFound);
        buckets.MapDelete("/{bucket}", DeleteAsync).RequireScope(Scopes.BucketsAdmin).WithName("delete_bucket")
            .WithSummary("Deletes a bucket and everything in it.").ProducesProblems(StatusCodes.Status404NotFound);
        buckets.MapGet("/{bucket}/profile", ProfileAsync).RequireScope(Scopes.MemoriesRead).WithName("get_profile").WithExample(response: BucketExamples.Profile)
            .WithSummary("The bucket in a few lines, as it was last made.").ProducesProblems(StatusCodes.Status404NotFound);
        buckets.MapPost("/{bucket}/profile/regenerate", RegenerateAsync).RequireScope(Scopes.MemoriesWrite).WithName("regenerate_profile").WithExample(response: BucketExamples.Profile)
            .WithSummary("Makes the bucket's profile anew: by your model for profiles, else from what its graph holds now.")
            .ProducesProblems(StatusCodes.Status404NotFound, StatusCodes.Status502BadGateway, StatusCodes.Status504GatewayTimeout);
    }

    private static async Task<Ok<RouterBucketList>> RouterListAsync(Caller caller, BucketStore store, CancellationToken cancellationToken)
    {
        var buckets = await store.ListAsync(caller.Tenant, caller.Timer, cancellationToken: cancellationToken);
        return TypedResults.Ok(new RouterBucketList(
            [.. Visible(caller, buckets).Select(bucket => new RouterBucket(bucket.Id, bucket.Name, bucket.MemoryCount, bucket.LastWriteAt))]));
    }

    private static async Task<Ok<BucketList>> ListAsync(
        Caller caller,
        BucketStore store,
        [FromQuery(Name = "limit")] int? limit,
        [FromQuery(Name = "offset")] int? offset,
        CancellationToken cancellationToken)
    {
        Ranges.Check("limit", limit, 1, 1000);
        Ranges.Check("offset", offset, 0, 1_000_000);

        // The allow-list decides first, so that a page of a restricted key is full.
        var buckets = Visible(caller, await store.ListAsync(caller.Tenant, caller.Timer, cancellationToken: cancellationToken));
        return TypedResults.Ok(new BucketList([.. buckets.Skip(offset ?? 0).Take(limit ?? 1000).Select(BucketView.From)]));
    }

    private static async Task<Created<BucketView>> CreateAsync(
        Caller caller, Body<CreateBucketRequest> body, BucketStore store, PlanGate gate, CancellationToken cancellationToken)
    {
        caller.DemandBucketName(body.Value.Name);
        caller.Tell(await gate.DemandBucketAsync(caller.Tenant, caller.Principal.Plan, cancellationToken));
        var bucket = await store.CreateAsync(caller.Tenant, body.Value.Name, body.Value.Description, caller.Timer, cancellationToken);
        return TypedResults.Created($"/v1/buckets/{Uri.EscapeDataString(bucket.Name)}", BucketView.From(bucket));
    }

    private static async Task<Ok<BucketView>> DescribeAsync(
        Caller caller, string bucket, Body<DescribeBucketRequest> body, BucketStore store, CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(store, bucket, cancellationToken);
        return TypedResults.Ok(BucketView.From(
            await store.DescribeAsync(caller.Tenant, bucket, body.Value.Description, caller.Timer, caller.Actor, cancellationToken)));
    }

    private static async Task<NoContent> DeleteAsync(Caller caller, string bucket, BucketStore store, CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(store, bucket, cancellationToken);
        await store.DeleteAsync(caller.Tenant, bucket, caller.Timer, caller.Actor, cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ProfileView>> ProfileAsync(
        Caller caller, string bucket, BucketStore store, Profiles profiles, CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(store, bucket, cancellationToken);
        return TypedResults.Ok(ProfileView.From(await profiles.GetAsync(caller.Tenant, bucket, caller.Timer, cancellationToken)));
    }

    private static async Task<Ok<ProfileView>> RegenerateAsync(
        Caller caller, string bucket, BucketStore store, Profiles profiles, CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(store, bucket, cancellationToken);
        return TypedResults.Ok(ProfileView.From(await profiles.RegenerateAsync(caller.Tenant, bucket, "POST /v1/buckets/{bucket}/profile/regenerate", caller.Principal.KeyId, caller.Timer, cancellationToken)));
    }

    private static IEnumerable<Bucket> Visible(Caller caller, IReadOnlyList<Bucket> buckets) =>
        caller.Principal.Buckets is null ? buckets : buckets.Where(bucket => caller.Principal.MayUse(bucket.Name));
}
