using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;

namespace Engram.Portal.Account;

/// <summary>
/// Carries the tenant's first API key across the redirect from the set-up to the overview, sealed and for five minutes,
/// and gives it out once. A cookie rather than memory of this process, so that a restart or a second portal loses nothing.
/// </summary>
internal sealed class FirstKeyCookie(IDataProtectionProvider protection)
{
    private const string Name = "engram-first-key";
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private readonly ITimeLimitedDataProtector protector = protection.CreateProtector("Engram.Portal.FirstKey").ToTimeLimitedDataProtector();

    public void Put(HttpContext context, string key) =>
        context.Response.Cookies.Append(HostPrefixCookieManager.NameOn(context, Name), protector.Protect(key, Lifetime), Options(context));

    /// <summary>The key, the first time after a set-up; null ever after.</summary>
    public string? Take(HttpContext context)
    {
        var name = HostPrefixCookieManager.NameOn(context, Name);
        if (context.Request.Cookies[name] is not { } value || context.Response.HasStarted)
        {
            return null;
        }
        context.Response.Cookies.Delete(name, Options(context));
        try
        {
            return protector.Unprotect(value);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static CookieOptions Options(HttpContext context) => new()
    {
        HttpOnly = true,
        Secure = context.Request.IsHttps,
        SameSite = SameSiteMode.Lax,
        IsEssential = true,
        Path = "/",
        MaxAge = Lifetime,
    };
}
