using System.Globalization;
using System.Security.Claims;
using Engram.Portal.Client;
using Microsoft.AspNetCore.Authentication.Cookies;

namespace Engram.Portal.Account;

/// <summary>
/// Who is signed in, as the sealed cookie holds it. A class without a ToString of its members on purpose: the token is a
/// bearer for the Api and must not reach a log or a page by accident.
/// </summary>
public sealed class PortalSession
{
    private const string TokenClaim = "engram:session";
    private const string ExpiresClaim = "engram:expires";
    private const string TenantIdClaim = "engram:tenant";
    private const string TenantNameClaim = "engram:tenant_name";

    private PortalSession(string token, DateTimeOffset expiresAt, TenantRef tenant, UserRef user)
    {
        Token = token;
        ExpiresAt = expiresAt;
        Tenant = tenant;
        User = user;
    }

    public string Token { get; }

    public DateTimeOffset ExpiresAt { get; }

    public TenantRef Tenant { get; }

    public UserRef User { get; }

    public static PortalSession From(SignedIn signedIn) =>
        new(signedIn.SessionToken, signedIn.ExpiresAt, signedIn.Tenant, signedIn.User);

    /// <summary>The session of a principal; null for an anonymous one and for one another version of the portal wrote.</summary>
    public static PortalSession? From(ClaimsPrincipal? principal)
    {
        if (principal?.Identity?.IsAuthenticated is not true
            || principal.FindFirstValue(TokenClaim) is not { } token
            || !DateTimeOffset.TryParse(principal.FindFirstValue(ExpiresClaim), CultureInfo.InvariantCulture, out var expiresAt))
        {
            return null;
        }
        return new PortalSession(
            token,
            expiresAt,
            new TenantRef(principal.FindFirstValue(TenantIdClaim) ?? "", principal.FindFirstValue(TenantNameClaim) ?? ""),
            new UserRef(principal.FindFirstValue(ClaimTypes.Email) ?? "", principal.FindFirstValue(ClaimTypes.Role) ?? ""));
    }

    public ClaimsPrincipal ToPrincipal() => new(new ClaimsIdentity(
        [
            new(TokenClaim, Token),
            new(ExpiresClaim, ExpiresAt.ToString("O", CultureInfo.InvariantCulture)),
            new(TenantIdClaim, Tenant.Id),
            new(TenantNameClaim, Tenant.Name),
            new(ClaimTypes.Name, User.Email),
            new(ClaimTypes.Email, User.Email),
            new(ClaimTypes.Role, User.Role),
        ],
        CookieAuthenticationDefaults.AuthenticationScheme));
}
