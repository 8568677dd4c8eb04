using System.Security.Cryptography;
using System.Text;
using Engram.Portal.Client;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.Extensions.Caching.Memory;

namespace Engram.Portal.Account;

/// <summary>
/// Drops the cookie of a session that has expired or that the Api no longer accepts, so that the next page is the sign-in
/// and not an error. The Api is asked at most once in <see cref="TrustFor"/> per session; every call that reads data is
/// checked by the Api anyway.
/// </summary>
internal sealed class SessionValidator(
    EngramApiClient api, SessionToken session, IMemoryCache cache, TimeProvider clock, ILogger<SessionValidator> logger)
{
    public static readonly TimeSpan TrustFor = TimeSpan.FromSeconds(30);

    public async Task ValidateAsync(CookieValidatePrincipalContext context)
    {
        if (PortalSession.From(context.Principal) is not { } signedIn || !await IsAliveAsync(signedIn, trusted: true, context.HttpContext.RequestAborted))
        {
            Log.SessionEnded(logger);
            context.RejectPrincipal();
            await context.HttpContext.SignOutAsync(CookieAuthenticationDefaults.AuthenticationScheme);
        }
    }

    /// <param name="trusted">Whether an answer of the last <see cref="TrustFor"/> will do.</param>
    public async Task<bool> IsAliveAsync(PortalSession signedIn, bool trusted, CancellationToken cancellationToken)
    {
        if (signedIn.ExpiresAt <= clock.GetUtcNow())
        {
            return false;
        }
        // The cache holds a digest: nothing that lists its keys may give a bearer away.
        var key = (typeof(SessionValidator), Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(signedIn.Token))));
        if (trusted && cache.TryGetValue(key, out _))
        {
            return true;
        }
        session.Use(signedIn.Token);
        try
        {
            await api.MeAsync(cancellationToken);
        }
        catch (ApiException e) when (e.Problem.IsUnauthenticated)
        {
            cache.Remove(key);
            return false;
        }
        catch (ApiException e)
        {
            // An Api that is down must not sign anybody out; the page will say that it is down.
            Log.SessionUnchecked(logger, e.Problem.Code);
            return true;
        }
        cache.Set(key, true, TrustFor);
        return true;
    }
}
