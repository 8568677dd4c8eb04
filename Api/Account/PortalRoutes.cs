using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Accounts;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engram.Api.Account;

/// <summary>Who am I, and the portal's way in and out.</summary>
internal static class PortalRoutes
{
    public static void MapPortalAccounts(this IEndpointRouteBuilder routes)
    {
        var account = routes.MapGroup("/account").WithTags("Account");
        account.MapGet("/me", Me).RequireKey().WithName("me").WithExample(response: AccountExamples.Me).WithSummary("The tenant, the person and the key behind this request.");
        account.MapPost("/portal/setup", SetUpAsync).WithName("portal_setup").WithExample(AccountExamples.SetUp, AccountExamples.SetUpDone)
            .WithSummary("Uses up the one-time link: makes the owner's account and a first key, and signs in.")
            .ProducesProblems(StatusCodes.Status401Unauthorized)
            .ProducesProblems(StatusCodes.Status409Conflict)
            .ProducesProblems(StatusCodes.Status429TooManyRequests);
        account.MapPost("/portal/sign-in", SignInAsync).WithName("portal_sign_in").WithExample(AccountExamples.SignIn, AccountExamples.Session).WithSummary("Opens a session of twelve hours.")
            .ProducesProblems(StatusCodes.Status401Unauthorized)
            .ProducesProblems(StatusCodes.Status429TooManyRequests);
        account.MapPost("/portal/sign-in/oidc", OidcSignInAsync).WithName("portal_sign_in_oidc").WithExample(AccountExamples.OidcSignIn, AccountExamples.Session)
            .WithSummary("Opens a session for whom the configured OpenID Connect issuer vouches: a member by verified e-mail address, or who was invited.")
            .ProducesProblems(StatusCodes.Status401Unauthorized)
            .ProducesProblems(StatusCodes.Status403Forbidden, StatusCodes.Status404NotFound, StatusCodes.Status503ServiceUnavailable);
        account.MapPost("/portal/accept", AcceptAsync).WithName("portal_accept").WithExample("""{"token":"the token of the invitation's link","password":"at least ten characters"}""", AccountExamples.Session)
            .WithSummary("Takes up an invitation and signs in: a new person chooses a password, one who has an account gives its password.")
            .ProducesProblems(StatusCodes.Status401Unauthorized)
            .ProducesProblems(StatusCodes.Status429TooManyRequests);
        account.MapGet("/portal/tenants", TenantsAsync).RequireKey().WithName("portal_tenants").WithExample(response: """{"tenants":[{"id":"019c1234-5678-7abc-8def-0123456789ab","name":"Development","role":"owner"}]}""")
            .WithSummary("The tenants of the person behind the session.")
            .ProducesProblems(StatusCodes.Status403Forbidden);
        account.MapPost("/portal/switch", SwitchAsync).RequireKey().WithName("portal_switch").WithExample("""{"tenant_id":"019c1234-5678-7abc-8def-0123456789ab"}""", AccountExamples.Session)
            .WithSummary("Opens a session of the same person in another of their tenants, and ends this one.")
            .ProducesProblems(StatusCodes.Status403Forbidden, StatusCodes.Status404NotFound);
        account.MapPost("/portal/sign-out", SignOutAsync).RequireKey().WithName("portal_sign_out").WithSummary("Ends the session of this request.")
            .ProducesProblems(StatusCodes.Status403Forbidden);
    }

    private static Ok<MeResponse> Me(Caller caller) => TypedResults.Ok(MeResponse.From(caller.Principal));

    private static async Task<Results<Created<SetupResponse>, Problem>> SetUpAsync(
        HttpContext context, Body<SetupRequest> body, PortalAccounts accounts, SignInLimit limit, CancellationToken cancellationToken)
    {
        var (token, email, password) = (body.Value.Token, body.Value.Email.Trim(), body.Value.Password);
        if (limit.Attempt(AddressOf(context), email) is { } tooMany)
            return tooMany;
        if (!LooksLikeEmail(email))
            return Problems.Invalid("email", "Must be an e-mail address.");
        var (session, firstKey, failure) = await accounts.SetUpAsync(token, email, password, cancellationToken);
        return failure switch
        {
            SetupFailure.TokenInvalid => Problems.WrongSetupToken(),
            SetupFailure.EmailTaken => Problems.Conflict("email", "Somebody has this e-mail address already."),
            _ => TypedResults.Created("/account/me", SetupResponse.From(session!, firstKey!)),
        };
    }

    private static async Task<Results<Created<SessionResponse>, Problem>> SignInAsync(
        HttpContext context, Body<SignInRequest> body, PortalAccounts accounts, SignInLimit limit, CancellationToken cancellationToken)
    {
        var email = body.Value.Email.Trim();
        if (limit.Attempt(AddressOf(context), email) is { } tooMany)
            return tooMany;
        return await accounts.SignInAsync(email, body.Value.Password, body.Value.Client, cancellationToken) is { } session
            ? TypedResults.Created("/account/me", SessionResponse.From(session))
            : Problems.WrongSignIn();
    }

    private static async Task<Results<Created<SessionResponse>, Problem>> OidcSignInAsync(
        HttpContext context, Body<OidcSignInRequest> body, IdTokens tokens, VerifiedSignIn people, SignInLimit limit, ILogger<IdTokens> log, CancellationToken cancellationToken)
    {
        if (!tokens.IsOn)
            return Problems.RouteNotFound(context.Request);
        var request = body.Value;
        // An invitation's token could be guessed here as at its own route.
        if (request.InvitationToken is { } guess && limit.Attempt(AddressOf(context), guess) is { } tooMany)
            return tooMany;
        string? email;
        try
        {
            email = await tokens.VerifiedEmailAsync(request.IdToken, request.Nonce, cancellationToken);
        }
        catch (InvalidOperationException e)
        {
            log.IssuerUnreadable(e);
            return Problems.IssuerUnreadable();
        }

        if (email is null)
            return Problems.WrongIdToken();
        var (session, failure) = await people.SignInAsync(email, request.InvitationToken, request.Client, cancellationToken);
        return failure switch
        {
            VerifiedFailure.NotInvited => Problems.NotInvited(),
            VerifiedFailure.TokenInvalid => Problems.WrongSetupToken(),
            _ => TypedResults.Created("/account/me", SessionResponse.From(session!)),
        };
    }

    private static async Task<Results<Created<SessionResponse>, Problem>> AcceptAsync(
        HttpContext context, Body<AcceptInvitationRequest> body, PortalAccounts accounts, SignInLimit limit, CancellationToken cancellationToken)
    {
        // The token stands for the address here: who guesses the password of somebody who was invited is slowed down like at the sign-in.
        if (limit.Attempt(AddressOf(context), body.Value.Token) is { } tooMany)
            return tooMany;
        var (session, failure) = await accounts.AcceptAsync(body.Value.Token, body.Value.Password, body.Value.Client, cancellationToken);
        return failure switch
        {
            AcceptFailure.TokenInvalid => Problems.WrongSetupToken(),
            AcceptFailure.PasswordWrong => Problems.WrongSignIn(),
            _ => TypedResults.Created("/account/me", SessionResponse.From(session!)),
        };
    }

    private static async Task<Results<Ok<MyTenants>, Problem>> TenantsAsync(Caller caller, PortalAccounts accounts, CancellationToken cancellationToken) =>
        caller.Principal.User is { } user
            ? TypedResults.Ok(new MyTenants(await accounts.TenantsOfAsync(user, cancellationToken)))
            : Problems.NeedsSession();

    private static async Task<Results<Created<SessionResponse>, Problem>> SwitchAsync(
        Caller caller, Body<SwitchTenantRequest> body, PortalAccounts accounts, CancellationToken cancellationToken)
    {
        if (caller.Principal.User is null)
            return Problems.NeedsSession();
        return Guid.TryParse(body.Value.TenantId, out var tenant) && await accounts.SwitchAsync(caller.Principal, tenant, cancellationToken) is { } session
            ? TypedResults.Created("/account/me", SessionResponse.From(session))
            : Problems.TenantNotFound(body.Value.TenantId);
    }

    private static async Task<Results<NoContent, Problem>> SignOutAsync(Caller caller, PortalAccounts accounts, CancellationToken cancellationToken)
    {
        if (caller.Principal.User is null)
            return Problems.NeedsSession();
        await accounts.SignOutAsync(caller.Principal, cancellationToken);
        return TypedResults.NoContent();
    }

    private static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "";

    // Whether it exists only a message could tell; this catches what was typed into the wrong box.
    internal static bool LooksLikeEmail(string text) =>
        text.IndexOf('@') is > 0 and var at && at == text.LastIndexOf('@') && at < text.Length - 1 && !text.Any(char.IsWhiteSpace);
}
