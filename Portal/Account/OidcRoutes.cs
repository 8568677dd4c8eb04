using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Engram.Portal.Client;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;

namespace Engram.Portal.Account;

/// <summary>
/// The sign-in at an identity provider: the authorization code flow with PKCE, state and nonce, all three in a sealed cookie of the browser that began it, so
/// that a code somebody else got is worth nothing here. The session comes from the Api, which checks the ID token for itself.
/// </summary>
internal static class OidcRoutes
{
    public const string Callback = "/sign-in/oidc/callback";
    public const string RefusedParameter = "refused";
    private const string Start = "/sign-in/oidc";
    private const string Cookie = "engram-oidc";

    /// <summary>How long somebody may take at the identity provider.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    public static void AddOidc(this IServiceCollection services)
    {
        services.AddSingleton<OidcIssuer>();
        services.AddHttpClient(nameof(OidcIssuer), client => client.Timeout = TimeSpan.FromSeconds(10)).RemoveAllLoggers();
    }

    public static void MapOidc(this WebApplication app)
    {
        if (!app.Services.GetRequiredService<IOptions<PortalOptions>>().Value.Oidc.IsOn)
        {
            return;
        }
        app.MapGet(Start, StartAsync).AllowAnonymous();
        app.MapGet(Callback, FinishAsync).AllowAnonymous();
    }

    public static string StartHref(string? returnUrl, string? invitation)
    {
        var query = new QueryBuilder { { LocalReturnUrl.Parameter, LocalReturnUrl.OrHome(returnUrl) } };
        if (invitation is not null)
        {
            query.Add("invitation", invitation);
        }
        return Start + query.ToQueryString();
    }

    /// <summary>What a refused sign-in tells the person.</summary>
    public static string? WordsFor(string? refusal) => refusal switch
    {
        null => null,
        "not_invited" => "The identity provider knows you, but nobody with your e-mail address is a member here. Ask an owner for an invitation.",
        "unverified" => "The identity provider's answer was not accepted: it must come from this sign-in, and your e-mail address must be verified there.",
        "invitation" => "The invitation is for another e-mail address, was used, or is too old.",
        "cancelled" => "The sign-in was not finished at the identity provider.",
        "expired" => "The sign-in took too long, or was begun in another browser. Try again.",
        _ => "The identity provider cannot be reached, or refused. Try again, or sign in with a password.",
    };

    private static async Task<IResult> StartAsync(
        HttpContext context, OidcIssuer issuer, IOptions<PortalOptions> options, IDataProtectionProvider protection, TransportGuard transport, ILogger<OidcIssuer> logger)
    {
        if (!transport.Allows(context))
        {
            return Results.LocalRedirect("~/sign-in");
        }
        var (state, nonce, verifier) = (Random(), Random(), Random());
        var begun = new Begun(state, nonce, verifier, LocalReturnUrl.OrHome(context.Request.Query[LocalReturnUrl.Parameter]), context.Request.Query["invitation"]);
        OidcIssuer.Metadata metadata;
        try
        {
            metadata = await issuer.MetadataAsync(context.RequestAborted);
        }
        catch (Exception e) when (IsTheIssuers(e, context))
        {
            return Refuse(logger, "unreachable", e);
        }
        var sealer = Sealer(protection);
        context.Response.Cookies.Append(
            HostPrefixCookieManager.NameOn(context, Cookie), sealer.Protect(JsonSerializer.Serialize(begun), Lifetime), CookieOptionsOn(context, Lifetime));
        return Results.Redirect(QueryHelpers.AddQueryString(metadata.AuthorizationEndpoint, new Dictionary<string, string?>
        {
            ["response_type"] = "code",
            ["client_id"] = options.Value.Oidc.ClientId,
            ["redirect_uri"] = RedirectUri(context, options.Value.Oidc),
            ["scope"] = "openid email profile",
            ["state"] = state,
            ["nonce"] = nonce,
            ["code_challenge"] = WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier))),
            ["code_challenge_method"] = "S256",
        }));
    }

    private static async Task<IResult> FinishAsync(
        HttpContext context, OidcIssuer issuer, SignInService service, IOptions<PortalOptions> options, IDataProtectionProvider protection, ILogger<OidcIssuer> logger)
    {
        var query = context.Request.Query;
        var begun = Open(context, protection);
        // Whatever comes of it, it is over: the cookie serves one answer.
        context.Response.Cookies.Delete(HostPrefixCookieManager.NameOn(context, Cookie), CookieOptionsOn(context, null));
        if (begun is null || !CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(query["state"].ToString()), Encoding.UTF8.GetBytes(begun.State)))
        {
            return Refuse(logger, "expired");
        }
        if (query.ContainsKey("error") || query["code"].ToString() is not { Length: > 0 } code)
        {
            return Refuse(logger, "cancelled");
        }
        string token;
        try
        {
            token = await issuer.TradeAsync(code, begun.Verifier, RedirectUri(context, options.Value.Oidc), context.RequestAborted);
        }
        catch (Exception e) when (IsTheIssuers(e, context))
        {
            return Refuse(logger, "unreachable", e);
        }
        return await service.SignInAsync(context, new OidcSignIn(token, begun.Nonce, begun.Invitation, null)) switch
        {
            null => Results.LocalRedirect("~" + begun.ReturnUrl),
            { Code: "not_invited" } => Refuse(logger, "not_invited"),
            { IsUnauthenticated: true } => Refuse(logger, begun.Invitation is null ? "unverified" : "invitation"),
            _ => Refuse(logger, "unreachable"),
        };
    }

    private static bool IsTheIssuers(Exception e, HttpContext context) =>
        e is HttpRequestException or JsonException or NotSupportedException || (e is OperationCanceledException && !context.RequestAborted.IsCancellationRequested);

    private static IResult Refuse(ILogger logger, string reason, Exception? exception = null)
    {
        Log.OidcRefused(logger, reason, exception);
        return Results.LocalRedirect($"~/sign-in?{RefusedParameter}={reason}");
    }

    private static Begun? Open(HttpContext context, IDataProtectionProvider protection)
    {
        if (context.Request.Cookies[HostPrefixCookieManager.NameOn(context, Cookie)] is not { } kept)
        {
            return null;
        }
        try
        {
            return JsonSerializer.Deserialize<Begun>(Sealer(protection).Unprotect(kept));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static ITimeLimitedDataProtector Sealer(IDataProtectionProvider protection) => protection.CreateProtector("Engram.Portal.Oidc").ToTimeLimitedDataProtector();

    // Lax: the answer comes by a link from the identity provider's site.
    private static CookieOptions CookieOptionsOn(HttpContext context, TimeSpan? age) =>
        new() { HttpOnly = true, Secure = context.Request.IsHttps, SameSite = SameSiteMode.Lax, Path = "/", IsEssential = true, MaxAge = age };

    private static string RedirectUri(HttpContext context, OidcOptions options) =>
        options.RedirectUri ?? $"{context.Request.Scheme}://{context.Request.Host}{Callback}";

    private static string Random() => WebEncoders.Base64UrlEncode(RandomNumberGenerator.GetBytes(32));

    private sealed record Begun(string State, string Nonce, string Verifier, string ReturnUrl, string? Invitation);
}
