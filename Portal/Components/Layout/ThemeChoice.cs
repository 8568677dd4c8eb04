namespace Engram.Portal.Components.Layout;

/// <summary>
/// Light, dark, or as the system says. The choice is a cookie and the server writes the matching stylesheet links, so the
/// first paint already has it: no script, no flash.
/// </summary>
public static class ThemeChoice
{
    public const string Light = "light";
    public const string Dark = "dark";
    public const string System = "system";
    private const string Cookie = "engram-theme";

    public static IReadOnlyList<string> All { get; } = [Light, Dark, System];

    public static string Of(HttpContext? context) => Normalise(context?.Request.Cookies[Cookie]);

    public static void Save(HttpContext context, string? theme) => context.Response.Cookies.Append(Cookie, Normalise(theme), new CookieOptions
    {
        HttpOnly = true,
        Secure = context.Request.IsHttps,
        SameSite = SameSiteMode.Lax,
        IsEssential = true,
        Path = "/",
        MaxAge = TimeSpan.FromDays(365),
    });

    private static string Normalise(string? theme) => theme is Light or Dark ? theme : System;
}
