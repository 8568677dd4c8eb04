using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine;
using Engram.Engine.Keys;
using Engram.Engine.Providers;
using Engram.Engine.Providers.Vault;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engram.Api.Account;

/// <summary>The tenant's own LLM providers.</summary>
internal static class ProviderRoutes
{
    private const int MaxPrices = 200;

    public static void MapProviders(this IEndpointRouteBuilder routes)
    {
        var providers = routes.MapGroup("/account/providers").RequireScope(Scopes.AccountAdmin).WithTags("Providers");
        providers.MapGet("/catalogue", Catalogue).WithName("provider_catalogue").WithExample(response: ProviderExamples.Catalogue)
            .WithSummary("Every provider that is known by name, with suggested models and list prices.");
        providers.MapGet("", ListAsync).WithName("list_providers").WithExample(response: ProviderExamples.List)
            .WithSummary("Your connections, oldest first, without their keys, and the model of each role.");
        providers.MapPost("", CreateAsync).WithName("create_provider").WithExample(ProviderExamples.Create, ProviderExamples.One)
            .WithSummary("Makes a connection with your key, which is sealed and shown to nobody again.").ProducesProblems(StatusCodes.Status409Conflict);
        providers.MapGet("/{id}", GetAsync).WithName("get_provider").WithExample(response: ProviderExamples.One)
            .WithSummary("One connection.").ProducesProblems(StatusCodes.Status404NotFound);
        providers.MapPatch("/{id}", UpdateAsync).WithName("update_provider").WithExample(ProviderExamples.Update, ProviderExamples.One)
            .WithSummary("Changes a connection's label and its own prices.").ProducesProblems(StatusCodes.Status404NotFound);
        providers.MapDelete("/{id}", DeleteAsync).WithName("delete_provider")
            .WithSummary("Deletes a connection and its key. Roles that use it go back to the offline way.").ProducesProblems(StatusCodes.Status404NotFound);
        providers.MapPost("/{id}/rotate", RotateAsync).WithName("rotate_provider").WithExample(ProviderExamples.Rotate, ProviderExamples.One)
            .WithSummary("Replaces a connection's key. No request fails for it: those under way end with the old key.").ProducesProblems(StatusCodes.Status404NotFound);
        providers.MapPost("/{id}/test", TestAsync).WithName("test_provider").WithExample(ProviderExamples.Test, ProviderExamples.Tested)
            .WithSummary("Asks a model for one word: how long it takes, whether the model is there, and what the provider says itself.")
            .ProducesProblems(StatusCodes.Status404NotFound);
    }

    private static Ok<CatalogueView> Catalogue(Caller caller) =>
        TypedResults.Ok(new CatalogueView(PriceTable.AsOf, [.. ProviderCatalogue.All.Select(CatalogueEntryView.From)]));

    private static async Task<Ok<ProviderList>> ListAsync(Caller caller, ProviderStore store, CancellationToken cancellationToken)
    {
        var (connections, roles) = await store.ListAsync(caller.Tenant, cancellationToken);
        return TypedResults.Ok(new ProviderList([.. connections.Select(ConnectionView.From)], ModelRoutes.Views(connections, roles)));
    }

    private static async Task<Results<Created<ConnectionView>, Problem>> CreateAsync(
        Caller caller, Body<CreateProviderRequest> body, ProviderStore store, ProviderUrlGuard guard, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (ProviderCatalogue.Find(wanted.Provider) is not { } entry)
            return Problems.Invalid("provider", $"Is not in the catalogue. Known are: {string.Join(", ", ProviderCatalogue.All.Select(known => known.Id))}.");
        if (CheckAddress(wanted.BaseUrl, entry, guard) is { } wrongAddress)
            return wrongAddress;
        if (CheckKey(wanted.ApiKey, entry.KeyRequired) is { } wrongKey)
            return wrongKey;
        var created = await store.CreateAsync(
            caller.Actor,
            new NewConnection(entry.Id, wanted.Label ?? entry.DisplayName, wanted.BaseUrl, new ProviderSecret(wanted.ApiKey ?? ""), PricesOf(wanted.Prices)),
            cancellationToken);
        return TypedResults.Created($"/account/providers/{created.Id}", ConnectionView.From(created));
    }

    private static async Task<Results<Ok<ConnectionView>, Problem>> GetAsync(Caller caller, string id, ProviderStore store, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var connectionId) && await store.FindAsync(caller.Tenant, connectionId, cancellationToken) is { } found
            ? TypedResults.Ok(ConnectionView.From(found))
            : Problems.ProviderNotFound(id);

    private static async Task<Results<Ok<ConnectionView>, Problem>> UpdateAsync(
        Caller caller, string id, Body<UpdateProviderRequest> body, ProviderStore store, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var connectionId)
        && await store.UpdateAsync(caller.Actor, connectionId, body.Value.Label, PricesOf(body.Value.Prices), cancellationToken) is { } updated
            ? TypedResults.Ok(ConnectionView.From(updated))
            : Problems.ProviderNotFound(id);

    private static async Task<Results<NoContent, Problem>> DeleteAsync(Caller caller, string id, ProviderStore store, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var connectionId) && await store.DeleteAsync(caller.Actor, connectionId, cancellationToken)
            ? TypedResults.NoContent()
            : Problems.ProviderNotFound(id);

    private static async Task<Results<Ok<ConnectionView>, Problem>> RotateAsync(
        Caller caller, string id, Body<RotateProviderRequest> body, ProviderStore store, CancellationToken cancellationToken)
    {
        if (CheckKey(body.Value.ApiKey, isRequired: true) is { } wrongKey)
            return wrongKey;
        return Guid.TryParse(id, out var connectionId)
            && await store.RotateAsync(caller.Actor, connectionId, new ProviderSecret(body.Value.ApiKey), cancellationToken) is { } rotated
                ? TypedResults.Ok(ConnectionView.From(rotated))
                : Problems.ProviderNotFound(id);
    }

    private static async Task<Results<Ok<ProviderTestView>, Problem>> TestAsync(
        Caller caller, string id, OptionalBody<TestProviderRequest> body, ProviderStore store, ConnectionTest test, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var connectionId) || await OpenAsync(caller, store, connectionId, cancellationToken) is not { } connection)
            return Problems.ProviderNotFound(id);
        var (_, roles) = await store.ListAsync(caller.Tenant, cancellationToken);
        var here = roles.Where(role => role.ConnectionId == connectionId).ToArray();
        var embedder = Array.Find(here, role => role.Role == ModelRole.Embed)?.Model;
        var model = body.Value?.Model
            ?? Array.Find(here, role => role.Role != ModelRole.Embed)?.Model
            ?? embedder
            ?? connection.Entry.SuggestedModels?.Extract;
        if (model is null)
            return Problems.Invalid("model", "Name a model: none is set for a role over this connection, and the catalogue cannot know which it has.");
        var context = new LlmContext(caller.Tenant, caller.Timer.RequestId, "test_provider", model == embedder ? ModelRole.Embed : ModelRole.Synthesize)
        {
            KeyId = caller.Principal.KeyId,
            Timer = caller.Timer,
        };
        return TypedResults.Ok(ProviderTestView.From(model, await test.RunAsync(connection, model, context, cancellationToken)));
    }

    internal static async Task<ProviderConnection?> OpenAsync(Caller caller, ProviderStore store, Guid id, CancellationToken cancellationToken)
    {
        try
        {
            return await store.OpenAsync(caller.Tenant, id, cancellationToken);
        }
        catch (VaultException)
        {
            throw new EngramException(FailureKind.NotReady, "The stored key cannot be opened by this server. Rotate the connection with its key to set it anew.");
        }
    }

    private static Problem? CheckAddress(string? baseUrl, ProviderEntry entry, ProviderUrlGuard guard)
    {
        if (baseUrl is null)
        {
            return entry.BaseUrl is null
                ? Problems.Invalid("base_url", $"Is required for {entry.DisplayName}{(entry.BaseUrlExample is { } example ? $", such as {example}" : "")}.")
                : null;
        }

        if (!Uri.TryCreate(baseUrl, UriKind.Absolute, out var url))
            return Problems.Invalid("base_url", "Must be an absolute URL, such as https://models.example.com/v1/.");
        guard.Require(url);
        return null;
    }

    /// <summary>A key goes into a header: what no header can hold is a mishap of copying. Its text is in no message.</summary>
    private static Problem? CheckKey(string? key, bool isRequired)
    {
        var text = (key ?? "").Trim();
        if (text.Length == 0)
            return isRequired ? Problems.Invalid("api_key", "Is required.") : null;
        return text.Any(c => c is <= ' ' or > '~') ? Problems.Invalid("api_key", "Must be plain ASCII without spaces.") : null;
    }

    private static Dictionary<string, ModelPrice>? PricesOf(Dictionary<string, PriceView>? prices)
    {
        if (prices is { Count: > MaxPrices })
            throw new ProblemException(Problems.Invalid("prices", $"Must have at most {MaxPrices} models, not {prices.Count}."));
        if (prices?.Keys.FirstOrDefault(model => model.Length is 0 or > 200) is not null)
            throw new ProblemException(Problems.Invalid("prices", "A model's name has 1 to 200 characters."));
        return prices?.ToDictionary(price => price.Key, price => new ModelPrice(price.Value.Input, price.Value.Output));
    }
}
