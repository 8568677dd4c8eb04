using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Buckets;
using Engram.Engine.Extraction;
using Engram.Engine.Keys;
using Engram.Engine.Recall;
using Engram.Engine.Usage;
using EngramRecall = Engram.Engine.Recall.Recall;

namespace Engram.Api.Recall;

/// <summary>Asking.</summary>
internal static class QueryRoutes
{
    public static void MapQuery(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/query", QueryAsync).RequireScope(Scopes.MemoriesRead).WithTags("Query").WithName("query").WithExample(QueryExamples.Ask, QueryExamples.Answer)
            .WithSummary("Retrieves memories by keyword, vector and graph, and answers with citations.")
            .Produces<QueryResponse>()
            .ProducesProblems(StatusCodes.Status404NotFound, StatusCodes.Status413PayloadTooLarge);

    private static async Task<IResult> QueryAsync(
        Caller caller, Body<QueryRequest> body, BucketStore buckets, EngramRecall recall, RecalledTexts recalled, ExtractiveAnswer answers, UsageMeter usage, PlanGate gate, CancellationToken cancellationToken)
    {
        var query = body.Value;
        var request = QueryMapping.ToRecall(query);
        await QueryMapping.DemandBucketsAsync(caller, buckets, request, cancellationToken);
        await gate.DemandQueryAsync(caller.Tenant, caller.Principal.Plan, cancellationToken);
        var found = await recall.QueryAsync(caller.Tenant, request, caller.Timer, cancellationToken);
        usage.Count(caller.Tenant, caller.Principal.KeyId, null, UsageOperation.Query, found.Hits.Count);
        recalled.Note(caller.Tenant, caller.Principal.KeyId, found.Hits);
        var answer = query.Options?.SkipSynthesis == true ? null : answers.Compose(request.Query, found, caller.Timer, cancellationToken);
        var response = QueryReply.For(query, found, answer, caller.Timer);
        return query.Stream == true ? new QueryStream(response) : TypedResults.Ok(response);
    }
}
