using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Buckets;
using Engram.Engine.Extraction;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Engram.Engine.Recall;
using Engram.Engine.Usage;
using EngramRecall = Engram.Engine.Recall.Recall;

namespace Engram.Api.Recall;

/// <summary>Asking.</summary>
internal static class QueryRoutes
{
    public static void MapQuery(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/query", QueryAsync).RequireScope(Scopes.MemoriesRead).WithOperationClass(OpClass.Query).WithTags("Query").WithName("query").WithExample(QueryExamples.Ask, QueryExamples.Answer)
            .WithSummary("Retrieves memories by keyword, vector and graph, and answers with citations.")
            .Produces<QueryResponse>()
            .ProducesProblems(StatusCodes.Status404NotFound, StatusCodes.Status413PayloadTooLarge, StatusCodes.Status502BadGateway, StatusCodes.Status503ServiceUnavailable, StatusCodes.Status504GatewayTimeout);

    private static async Task<IResult> QueryAsync(
        Caller caller, Body<QueryRequest> body, BucketStore buckets, EngramRecall recall, Profiles profiles, RecalledTexts recalled, Synthesis synthesis, UsageMeter usage,
        PlanGate gate, CancellationToken cancellationToken)
    {
        var query = body.Value;
        var request = QueryMapping.ToRecall(query);
        var shape = QueryMapping.ShapeOf(query.Options);
        await QueryMapping.DemandBucketsAsync(caller, buckets, request, cancellationToken);
        caller.Tell(await gate.DemandQueryAsync(caller.Tenant, caller.Principal.Plan, cancellationToken));
        // Read while the arms run: it costs the caller no time.
        var reading = profiles.OfAsync(caller.Tenant, [.. request.Buckets.Select(bucket => bucket.Bucket)], cancellationToken);
        var found = await recall.QueryAsync(caller.Tenant, request with { KeyId = caller.Principal.KeyId }, caller.Timer, cancellationToken);
        usage.Count(caller.Tenant, caller.Principal.KeyId, caller.Timer.RequestId, null, UsageOperation.Query, found.Hits.Count);
        recalled.Note(caller.Tenant, caller.Principal.KeyId, found.Hits);
        var known = await reading;

        var reply = new QueryReply(query, found, known, caller.Timer);
        var question = query.Options?.SkipSynthesis == true ? null : QueryMapping.ToAnswer(query, caller, found, shape, known);
        if (query.Stream == true)
            return await QueryStream.StartAsync(question is null ? null : synthesis.StreamAsync(question, cancellationToken), reply.For, cancellationToken);
        return TypedResults.Ok(reply.For(question is null ? null : await synthesis.AnswerAsync(question, cancellationToken)));
    }
}
