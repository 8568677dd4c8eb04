using Engram.McpServer.Auth;
using Engram.McpServer.Tools;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Transport;

/// <summary>Registers and maps the endpoint.</summary>
internal static class McpHosting
{
    public const string Path = "/mcp";

    public static IServiceCollection AddMcpEndpoint(this IServiceCollection services)
    {
        services.AddOptions<McpTransportOptions>().BindConfiguration(McpTransportOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<HostAndOrigin>();
        services.AddOptions<OAuthOptions>().BindConfiguration(OAuthOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<OAuthScopes>();
        services.AddSingleton<IssuerKeys>();
        services.AddSingleton<TokenTenants>();
        services.AddSingleton<AccessTokens>();
        services.AddSingleton<ProtectedResource>();
        services.AddSingleton<StepUp>();
        services.AddSingleton<CallerAuthentication>();
        services.AddSingleton<SessionTable>();
        services.AddSingleton<ToolCatalogue>();
        services.AddSingleton<IConfigureOptions<McpServerOptions>, ServerDescription>();
        services.AddSingleton<McpServerFactory>();
        services.AddCors().AddSingleton<IConfigureOptions<CorsOptions>, BrowserAccess>();
        services.AddSingleton<RequestGuard>();
        services.AddSingleton<McpEndpoint>();
        services.AddSingleton<LegacySseEndpoint>();
        services.AddHostedService<SessionSweeper>();
        return services;
    }

    public static WebApplication MapMcp(this WebApplication app)
    {
        app.UseCors();
        var endpoint = app.Services.GetRequiredService<McpEndpoint>();
        app.MapPost(Path, endpoint.PostAsync);
        app.MapGet(Path, endpoint.GetAsync);
        app.MapDelete(Path, endpoint.DeleteAsync);
        if (app.Services.GetRequiredService<IOptions<McpTransportOptions>>().Value.LegacySse)
        {
            var legacy = app.Services.GetRequiredService<LegacySseEndpoint>();
            app.MapGet(LegacySseEndpoint.StreamPath, legacy.OpenAsync);
            app.MapPost(LegacySseEndpoint.MessagePath, legacy.PostAsync);
        }

        var resource = app.Services.GetRequiredService<ProtectedResource>();
        if (resource.Enabled)
        {
            // Clients ask under the resource's path first and at the root after that (RFC 9728, section 3.1).
            foreach (var suffix in new[] { "", Path, resource.ResourcePath }.Distinct(StringComparer.Ordinal))
            {
                app.MapGet(ProtectedResource.WellKnown + suffix, resource.WriteMetadataAsync);
            }
        }

        return app;
    }
}
