using Engram.Portal.Client;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Engram.Portal.Account;

/// <summary>The moments of a session: set-up, sign-in, joining, going to another tenant, sign-out.</summary>
internal sealed class SignInService(
    EngramApiClient api, SessionToken session, FirstKeyCookie firstKey, TransportGuard transport, ILogger<SignInService> logger)
{
    /// <summary>Null when the tenant is set up and signed in, else why not.</summary>
    public Task<ApiProblem?> SetUpAsync(HttpContext context, SetupRequest request) =>
        EnterAsync(context, cancel => api.SetUpAsync(request, cancel));

    /// <summary>Null when signed in, else why not.</summary>
    public Task<ApiProblem?> SignInAsync(HttpContext context, SignInRequest request) =>
        EnterAsync(context, cancel => api.SignInAsync(request with { Client = BrowserName.Of(context.Request.Headers.UserAgent) }, cancel));

    /// <summary>Null when signed in by the word of the identity provider, else why not.</summary>
    public Task<ApiProblem?> SignInAsync(HttpContext context, OidcSignIn request) =>
        EnterAsync(context, cancel => api.SignInAsync(request with { Client = BrowserName.Of(context.Request.Headers.UserAgent) }, cancel));

    /// <summary>Null when the invitation is taken up and its person signed in, else why not.</summary>
    public Task<ApiProblem?> JoinAsync(HttpContext context, string token, string password) =>
        EnterAsync(context, cancel => api.AcceptAsync(new AcceptInvitation(token, password, BrowserName.Of(context.Request.Headers.UserAgent)), cancel));

    /// <summary>Goes to another tenant of the same person. Null when there, else why not; the session is then what it was.</summary>
    public async Task<ApiProblem?> SwitchAsync(HttpContext context, string tenantId)
    {
        if (PortalSession.From(context.User) is not { } signedIn)
        {
            return new ApiProblem(StatusCodes.Status401Unauthorized, "unauthenticated", "Sign in first.", null);
        }
        session.Use(signedIn.Token);
        try
        {
            await SignInAsync(context, await api.SwitchAsync(new SwitchTenant(tenantId), context.RequestAborted));
            return null;
        }
        catch (ApiException e)
        {
            Log.SignInRefused(logger, e.Problem.Code, e.Problem.RequestId);
            return e.Problem;
        }
    }

    public async Task SignOutAsync(HttpContext context)
    {
        if (PortalSession.From(context.User) is { } signedIn)
        {
            session.Use(signedIn.Token);
            try
            {
                await api.SignOutAsync(context.RequestAborted);
                Log.SignedOut(logger, signedIn.Tenant.Id);
            }
            catch (ApiException e)
            {
                Log.RevokeFailed(logger, e.Problem.Code, signedIn.ExpiresAt);
            }
        }
        await context.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
    }

    private async Task<ApiProblem?> EnterAsync(HttpContext context, Func<CancellationToken, Task<SignedIn>> ask)
    {
        if (!transport.Allows(context))
        {
            return TransportGuard.Refused;
        }
        // Whoever was signed in before: the credentials alone decide who is now.
        session.Use(null);
        SignedIn answer;
        try
        {
            answer = await ask(context.RequestAborted);
        }
        catch (ApiException e)
        {
            Log.SignInRefused(logger, e.Problem.Code, e.Problem.RequestId);
            return e.Problem;
        }
        await SignInAsync(context, answer);
        return null;
    }

    private async Task SignInAsync(HttpContext context, SignedIn answer)
    {
        await context.SignInAsync(
            CookieAuthenticationDefaults.AuthenticationScheme,
            PortalSession.From(answer).ToPrincipal(),
            new AuthenticationProperties { IsPersistent = true, AllowRefresh = false, ExpiresUtc = answer.ExpiresAt });
        if (answer.FirstKey is { } key)
        {
            firstKey.Put(context, key.Key);
        }
        Log.SignedIn(logger, answer.Tenant.Id, answer.User.Role);
    }
}
