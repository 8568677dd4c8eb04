namespace Engram.Api.Http;

/// <summary>What routes say of themselves in the OpenAPI document.</summary>
internal static class RouteDescriptions
{
    private const string ProblemJson = "application/problem+json";

    /// <summary>What every route of a group may answer.</summary>
    public static RouteGroupBuilder WithCommonProblems(this RouteGroupBuilder group)
    {
        foreach (var status in (ReadOnlySpan<int>)[StatusCodes.Status400BadRequest, StatusCodes.Status401Unauthorized, StatusCodes.Status429TooManyRequests])
            group.WithMetadata(new ProducesResponseTypeMetadata(status, typeof(ProblemBody), [ProblemJson]));
        return group;
    }

    /// <summary>Statuses the route answers with a problem, beside those every route has.</summary>
    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder builder, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
            builder.Produces<ProblemBody>(status, ProblemJson);
        return builder;
    }
}
