namespace Engram.Portal.Security;

/// <summary>The headers every response of the portal carries, pages and files alike.</summary>
internal static class SecurityHeaders
{
    /// <summary>
    /// Scripts: only files of the portal itself, never inline, never eval; Blazor Server and Radzen work with that as long
    /// as no RadzenNumeric is used (its handlers are attributes). Style elements: only files of the portal itself. Style
    /// attributes are allowed because Radzen positions popups, dialogs and columns with them; an attribute can change how
    /// its own element looks and can load nothing that img-src and font-src do not allow.
    /// </summary>
    public const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; "
        + "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'self'; frame-ancestors 'none'";

    public static void UseSecurityHeaders(this WebApplication app) => app.Use((context, next) =>
    {
        // On starting, so that an error page, which clears the headers, carries them too.
        context.Response.OnStarting(Apply, context);
        return next(context);
    });

    private static Task Apply(object state)
    {
        var context = (HttpContext)state;
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self)";
        if (context.Request.IsHttps)
        {
            headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
        }
        if (context.Response.ContentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) is true)
        {
            // A page shows a tenant's memories: it must not come back out of a shared computer's cache or Back button.
            headers.CacheControl = "no-store";
        }
        return Task.CompletedTask;
    }
}
