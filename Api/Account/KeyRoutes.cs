using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Keys;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engram.Api.Account;

/// <summary>The tenant's keys.</summary>
internal static class KeyRoutes
{
    public static void MapKeys(this IEndpointRouteBuilder routes)
    {
        var keys = routes.MapGroup("/account/keys").RequireScope(Scopes.AccountAdmin).WithTags("Account");
        keys.MapGet("", ListAsync).WithName("list_keys").WithExample(response: AccountExamples.Keys).WithSummary("Every key, newest first, without the keys themselves.");
        keys.MapPost("", CreateAsync).WithName("create_key").WithExample(AccountExamples.CreateKey, AccountExamples.CreatedKey).WithSummary("Makes a key. It is shown in this answer and never again.")
            .ProducesProblems(StatusCodes.Status403Forbidden);
        keys.MapPost("/{id}/roll", RollAsync).WithName("roll_key").WithExample(AccountExamples.RollKey, AccountExamples.CreatedKey).WithSummary("Replaces a key by a new one that may do the same.")
            .ProducesProblems(StatusCodes.Status404NotFound);
        keys.MapDelete("/{id}", RevokeAsync).WithName("revoke_key").WithSummary("Revokes a key.")
            .ProducesProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<KeyList>> ListAsync(Caller caller, ApiKeys keys, TimeProvider time, CancellationToken cancellationToken)
    {
        var list = await keys.ListAsync(caller.Tenant, cancellationToken);
        var now = time.GetUtcNow();
        return TypedResults.Ok(new KeyList([.. list.Select(key => KeyView.From(key, now))]));
    }

    private static async Task<Results<Created<KeyWithSecret>, Problem>> CreateAsync(
        Caller caller, Body<CreateKeyRequest> body, ApiKeys keys, TimeProvider time, CancellationToken cancellationToken)
    {
        var wanted = body.Value;
        if (!ScopeNames.TryParse(wanted.Scopes, out var scopes, out var unknown))
            return Problems.Invalid("scopes", $"'{unknown}' is not a scope. Known are: {string.Join(", ", ScopeNames.All)}.");
        if (wanted.ExpiresAt <= time.GetUtcNow())
            return Problems.Invalid("expires_at", "Must be in the future.");
        var (created, failure) = await keys.CreateAsync(
            caller.Principal, new NewKey(wanted.Name, scopes, wanted.Buckets, wanted.ExpiresAt), caller.Actor, cancellationToken);
        return created is null ? From(failure, "") : TypedResults.Created($"/account/keys/{created.Info.Id}", KeyWithSecret.From(created));
    }

    private static async Task<Results<Created<KeyWithSecret>, Problem>> RollAsync(
        Caller caller, string id, OptionalBody<RollKeyRequest> body, ApiKeys keys, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var keyId))
            return Problems.KeyNotFound(id);
        var grace = TimeSpan.FromSeconds(body.Value?.GraceSeconds ?? 0);
        var (created, failure) = await keys.RollAsync(caller.Principal, keyId, grace, caller.Actor, cancellationToken);
        return created is null ? From(failure, id) : TypedResults.Created($"/account/keys/{created.Info.Id}", KeyWithSecret.From(created));
    }

    private static async Task<Results<NoContent, Problem>> RevokeAsync(Caller caller, string id, ApiKeys keys, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var keyId) && await keys.RevokeAsync(caller.Tenant, keyId, caller.Actor, cancellationToken)
            ? TypedResults.NoContent()
            : Problems.KeyNotFound(id);

    private static Problem From(KeyChangeFailure failure, string id) => failure switch
    {
        KeyChangeFailure.ExceedsCreator => Problems.ExceedsCreator(),
        KeyChangeFailure.NotActive => Problems.Conflict("id", "The key is revoked or expired; make a new one."),
        _ => Problems.KeyNotFound(id),
    };
}
