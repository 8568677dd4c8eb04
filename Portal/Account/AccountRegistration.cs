using System.Net;
using System.Threading.RateLimiting;
using Engram.Portal.Components.Layout;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace Engram.Portal.Account;

/// <summary>Cookie, data protection, antiforgery, the limit on attempts, and the two posts that are no pages.</summary>
internal static class AccountRegistration
{
    public const string SessionCookie = "engram-session";

    public static void AddAccount(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddMemoryCache();
        services.AddHttpContextAccessor();
        services.AddScoped<SignInService>();
        services.AddScoped<SessionValidator>();
        services.AddOidc();
        services.AddSingleton<FirstKeyCookie>();
        services.AddSingleton<TransportGuard>();
        services.AddSingleton(TimeProvider.System);
        services.AddCascadingAuthenticationState();
        services.AddAuthorization();
        services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(ConfigureCookie);
        services.AddAntiforgery(antiforgery =>
        {
            antiforgery.Cookie.Name = "engram-antiforgery";
            antiforgery.Cookie.SameSite = SameSiteMode.Strict;
            antiforgery.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        });
        var keys = builder.Configuration.GetSection(PortalOptions.Section).Get<PortalOptions>() ?? new PortalOptions();
        services.AddDataProtection().SetApplicationName("Engram.Portal").PersistKeysToFileSystem(PrivateFolder(keys.KeysFolder));
        AddAttemptLimit(services);
    }

    public static void MapAccount(this WebApplication app)
    {
        app.MapPost("/sign-out", async Task<RedirectHttpResult> ([FromForm] string? confirm, HttpContext context, SignInService service) =>
        {
            // The form field is there so that the antiforgery token of the form is checked before this line.
            _ = confirm;
            await service.SignOutAsync(context);
            return TypedResults.LocalRedirect("~/sign-in");
        }).WithName("SignOut");
        app.MapPost("/switch", async Task<RedirectHttpResult> ([FromForm] string? tenant, HttpContext context, SignInService service) =>
            TypedResults.LocalRedirect(await service.SwitchAsync(context, tenant ?? "") is null ? "~/" : "~/tenants?failed=true")).RequireAuthorization().WithName("SwitchTenant");
        app.MapOidc();
        app.MapPost("/theme", RedirectHttpResult ([FromForm] string? theme, [FromForm] string? returnUrl, HttpContext context) =>
        {
            ThemeChoice.Save(context, theme);
            return TypedResults.LocalRedirect(LocalReturnUrl.OrHome(returnUrl));
        }).WithName("ChooseTheme");
    }

    private static void ConfigureCookie(CookieAuthenticationOptions options)
    {
        options.Cookie.Name = SessionCookie;
        options.Cookie.HttpOnly = true;
        // Lax and not Strict: a link to a page of the portal in a chat or a ticket must open signed in. No GET changes anything.
        options.Cookie.SameSite = SameSiteMode.Lax;
        options.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
        options.CookieManager = new HostPrefixCookieManager();
        options.LoginPath = "/sign-in";
        options.AccessDeniedPath = "/problem/403";
        options.ReturnUrlParameter = LocalReturnUrl.Parameter;
        options.SlidingExpiration = false;
        options.Events.OnValidatePrincipal = context =>
            context.HttpContext.RequestServices.GetRequiredService<SessionValidator>().ValidateAsync(context);
    }

    private static void AddAttemptLimit(IServiceCollection services)
    {
        services.AddRateLimiter(_ => { });
        services.AddOptions<Microsoft.AspNetCore.RateLimiting.RateLimiterOptions>().Configure<IOptions<PortalOptions>, ILoggerFactory>((limiter, portal, logs) =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.OnRejected = (rejected, _) =>
            {
                Log.SignInThrottled(logs.CreateLogger(typeof(AccountRegistration)));
                rejected.HttpContext.Response.Headers.RetryAfter = "60";
                return ValueTask.CompletedTask;
            };
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, IPAddress>(context => IsAttempt(context.Request)
                ? RateLimitPartition.GetFixedWindowLimiter(context.Connection.RemoteIpAddress ?? IPAddress.None, _ => new FixedWindowRateLimiterOptions
                {
                    PermitLimit = portal.Value.SignInAttemptsPerMinute,
                    Window = TimeSpan.FromMinutes(1),
                })
                : RateLimitPartition.GetNoLimiter(IPAddress.Any));
        });
    }

    private static bool IsAttempt(HttpRequest request) =>
        request.Path.StartsWithSegments(OidcRoutes.Callback) || (HttpMethods.IsPost(request.Method) && (request.Path.StartsWithSegments("/sign-in") || request.Path.StartsWithSegments("/setup") || request.Path.StartsWithSegments("/join")));

    private static DirectoryInfo PrivateFolder(string path) => OperatingSystem.IsWindows()
        ? Directory.CreateDirectory(path)
        : Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
