using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Keys;
using Engram.Engine.Providers;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engram.Api.Account;

/// <summary>Which model does what: extract, synthesize, profile.</summary>
internal static class ModelRoutes
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/account/models").RequireScope(Scopes.AccountAdmin).WithTags("Providers");
        models.MapGet("", ListAsync).WithName("list_models").WithExample(response: ProviderExamples.Models).WithSummary("The model of each role that has one.");
        models.MapPut("/{role}", SetAsync).WithName("set_model").WithExample(ProviderExamples.SetModel, ProviderExamples.SetModelDone)
            .WithSummary("Sets the model of a role: extract, synthesize or profile.").ProducesProblems(StatusCodes.Status404NotFound);
        models.MapDelete("/{role}", ClearAsync).WithName("clear_model")
            .WithSummary("Takes a role's model away: it goes back to the offline way.").ProducesProblems(StatusCodes.Status404NotFound);
    }

    public static IReadOnlyList<RoleModelView> Views(IReadOnlyList<StoredConnection> connections, IReadOnlyList<RoleModel> roles) =>
    [
        .. roles.Select(role => new RoleModelView(
            ModelRoleNames.Of(role.Role), role.ConnectionId, connections.First(connection => connection.Id == role.ConnectionId).Provider, role.Model, role.UpdatedAt)),
    ];

    private static async Task<Ok<ModelList>> ListAsync(Caller caller, ProviderStore store, CancellationToken cancellationToken)
    {
        var (connections, roles) = await store.ListAsync(caller.Tenant, cancellationToken);
        return TypedResults.Ok(new ModelList(Views(connections, roles)));
    }

    private static async Task<Results<Ok<RoleModelView>, Problem>> SetAsync(
        Caller caller, string role, Body<SetModelRequest> body, ProviderStore store, CancellationToken cancellationToken)
    {
        if (!ModelRoleNames.TryParse(role, out var known))
            return Problems.ModelNotSet(role);
        var (id, model) = (body.Value.ConnectionId, body.Value.Model.Trim());
        if (model.Length == 0 || model.Any(char.IsControl))
            return Problems.Invalid("model", "Must be a model's name.");
        if (!Guid.TryParse(id, out var connectionId)
            || await store.SetRoleAsync(caller.Actor, known, connectionId, model, cancellationToken) is not { } set
            || await store.FindAsync(caller.Tenant, connectionId, cancellationToken) is not { } connection)
        {
            return Problems.ProviderNotFound(id, "connection_id");
        }

        return TypedResults.Ok(Views([connection], [set])[0]);
    }

    private static async Task<Results<NoContent, Problem>> ClearAsync(Caller caller, string role, ProviderStore store, CancellationToken cancellationToken) =>
        ModelRoleNames.TryParse(role, out var known) && await store.ClearRoleAsync(caller.Actor, known, cancellationToken)
            ? TypedResults.NoContent()
            : Problems.ModelNotSet(role);
}
