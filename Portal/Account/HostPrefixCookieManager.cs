using Microsoft.AspNetCore.Authentication.Cookies;

namespace Engram.Portal.Account;

/// <summary>
/// Names a cookie <c>__Host-…</c> on https, where the prefix makes the browser refuse one set by another host or over
/// http, and plainly on http, where browsers drop a prefixed cookie because it cannot be Secure.
/// </summary>
internal sealed class HostPrefixCookieManager : ICookieManager
{
    private readonly ChunkingCookieManager inner = new();

    public static string NameOn(HttpContext context, string name) => context.Request.IsHttps ? "__Host-" + name : name;

    public string? GetRequestCookie(HttpContext context, string key) => inner.GetRequestCookie(context, NameOn(context, key));

    public void AppendResponseCookie(HttpContext context, string key, string? value, CookieOptions options) =>
        inner.AppendResponseCookie(context, NameOn(context, key), value, options);

    public void DeleteCookie(HttpContext context, string key, CookieOptions options) =>
        inner.DeleteCookie(context, NameOn(context, key), options);
}
