using Engram.Portal;
using Engram.Portal.Account;
using Engram.Portal.Client;
using Engram.Portal.Components;
using Engram.Portal.Components.Controls;
using Engram.Portal.Components.Problems;
using Engram.Portal.Health;
using Engram.Portal.Security;
using Engram.ServiceDefaults;
using Radzen;

var builder = WebApplication.CreateBuilder(args);
// `dotnet run` and the tests start the build output, which keeps the packages' static files where they were restored.
builder.WebHost.UseStaticWebAssets();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);

builder.AddServiceDefaults();
builder.AddPortalOptions();
builder.AddEngramApiClient();
builder.AddPartsHealth();
builder.AddAccount();
builder.Services.AddRazorComponents().AddInteractiveServerComponents()
    // What the first paint has loaded comes back with the circuit's first message; 32 KiB, the default, is less than a page of requests with their hops.
    .AddHubOptions(hub => hub.MaximumReceiveMessageSize = 1 << 20);
builder.Services.AddRadzenComponents();
builder.Services.AddScoped<Toasts>();

var app = builder.Build();
app.UseSecurityHeaders();
app.UseErrorPages();
app.UseAuthentication();
app.UseRateLimiter();
app.UseAuthorization();
app.UseCheckedForms();

app.MapStaticAssets().AllowAnonymous();
app.MapAccount();
app.MapExports();
app.MapDefaultEndpoints();
app.MapRazorComponents<App>()
    .RequireAuthorization()
    // The policy of the security headers already forbids framing; Blazor's own would replace it with a weaker one.
    .AddInteractiveServerRenderMode(options => options.ContentSecurityFrameAncestorsPolicy = null);

await app.RunAsync();

/// <summary>The portal's entry point, named so that tests can find the assembly.</summary>
public partial class Program;
