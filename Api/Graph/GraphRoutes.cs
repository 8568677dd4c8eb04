using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Buckets;
using Engram.Engine.Graph;
using Engram.Engine.Keys;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Graph;

/// <summary>The graph that extraction has made of a bucket.</summary>
internal static class GraphRoutes
{
    private const int DefaultEntities = 20;
    private const int DefaultNodes = 40;

    public static void MapGraph(this IEndpointRouteBuilder routes)
    {
        var graph = routes.MapGroup("/v1/buckets/{bucket}").WithTags("Graph").RequireScope(Scopes.MemoriesRead);
        graph.MapGet("/entities", EntitiesAsync).WithName("list_entities").WithExample(response: GraphExamples.Entities)
            .WithSummary("Entities with a name, or a word in it, that begins with q; without q what the newest memories speak of most.").ProducesProblems(StatusCodes.Status404NotFound);
        graph.MapGet("/graph", GraphAsync).WithName("entity_graph").WithExample(response: GraphExamples.Graph)
            .WithSummary("One or two hops around an entity, given by id or name: triples with their validity and their newest memories, now or as of a time.")
            .ProducesProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<EntityPage>> EntitiesAsync(
        Caller caller,
        string bucket,
        BucketStore buckets,
        GraphReader reader,
        [FromQuery(Name = "q")] string? q,
        [FromQuery(Name = "limit")] int? limit,
        [FromQuery(Name = "cursor")] string? cursor,
        CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(buckets, bucket, cancellationToken);
        return TypedResults.Ok(await reader.ListAsync(caller.Tenant, bucket, q, limit ?? DefaultEntities, cursor, caller.Timer, cancellationToken));
    }

    private static async Task<Ok<EntityGraph>> GraphAsync(
        Caller caller,
        string bucket,
        BucketStore buckets,
        GraphReader reader,
        [FromQuery(Name = "entity")] string? entity,
        [FromQuery(Name = "hops")] int? hops,
        [FromQuery(Name = "as_of")] string? asOf,
        [FromQuery(Name = "limit")] int? limit,
        CancellationToken cancellationToken)
    {
        await caller.DemandBucketAsync(buckets, bucket, cancellationToken);
        return TypedResults.Ok(await reader.AroundAsync(
            caller.Tenant, bucket, entity, hops ?? 1, Ranges.Time("as_of", asOf), limit ?? DefaultNodes, caller.Timer, cancellationToken));
    }
}
