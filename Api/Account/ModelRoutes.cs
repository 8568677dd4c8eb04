using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Embeddings;
using Engram.Engine.Keys;
using Engram.Engine.Providers;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engram.Api.Account;

/// <summary>Which model does what: extract, synthesize, profile, embed.</summary>
internal static class ModelRoutes
{
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/account/models").RequireScope(Scopes.AccountAdmin).WithTags("Providers");
        models.MapGet("", ListAsync).WithName("list_models").WithExample(response: ProviderExamples.Models).WithSummary("The model of each role that has one, and how far your own vectors are.");
        models.MapPut("/{role}", SetAsync).WithName("set_model").WithExample(ProviderExamples.SetModel, ProviderExamples.SetModelDone)
            .WithSummary("Sets the model of a role: extract, synthesize, profile or embed, which is asked once first.").ProducesProblems(StatusCodes.Status404NotFound);
        models.MapDelete("/{role}", ClearAsync).WithName("clear_model")
            .WithSummary("Takes a role's model away: it goes back to the offline way.").ProducesProblems(StatusCodes.Status404NotFound);
    }

    public static IReadOnlyList<RoleModelView> Views(IReadOnlyList<StoredConnection> connections, IReadOnlyList<RoleModel> roles) =>
    [
        .. roles.Select(role => new RoleModelView(
            ModelRoleNames.Of(role.Role), role.ConnectionId, connections.First(connection => connection.Id == role.ConnectionId).Provider, role.Model, role.UpdatedAt)),
    ];

    private static async Task<Ok<ModelList>> ListAsync(Caller caller, ProviderStore store, EmbeddingProgress progress, CancellationToken cancellationToken)
    {
        var (connections, roles) = await store.ListAsync(caller.Tenant, cancellationToken);
        var embed = roles.Any(role => role.Role == ModelRole.Embed) ? await progress.OfAsync(caller.Tenant, cancellationToken) : null;
        return TypedResults.Ok(new ModelList(Views(connections, roles), embed is null ? null : EmbedView.From(embed)));
    }

    private static async Task<Results<Ok<RoleModelView>, Problem>> SetAsync(
        Caller caller, string role, Body<SetModelRequest> body, ProviderStore store, EmbeddingProbe probe, CancellationToken cancellationToken)
    {
        if (!ModelRoleNames.TryParse(role, out var known))
            return Problems.ModelNotSet(role);
        var (id, model) = (body.Value.ConnectionId, body.Value.Model.Trim());
        if (model.Length == 0 || model.Any(char.IsControl))
            return Problems.Invalid("model", "Must be a model's name.");
        if (!Guid.TryParse(id, out var connectionId))
            return Problems.ProviderNotFound(id, "connection_id");
        VectorSpace? vectors = null;
        if (known == ModelRole.Embed)
        {
            if (await ProviderRoutes.OpenAsync(caller, store, connectionId, cancellationToken) is not { } open)
                return Problems.ProviderNotFound(id, "connection_id");
            var context = new LlmContext(caller.Tenant, caller.Timer.RequestId, "set_model", ModelRole.Embed) { KeyId = caller.Principal.KeyId, Timer = caller.Timer };
            vectors = await probe.AskAsync(open, model, context, cancellationToken);
        }

        if (await store.SetRoleAsync(caller.Actor, known, connectionId, model, vectors, cancellationToken) is not { } set
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
