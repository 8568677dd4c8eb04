using Engram.McpServer.Auth;
using Engram.McpServer.Tools;
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
        services.AddSingleton<CallerAuthentication>();
        services.AddSingleton<SessionTable>();
        services.AddSingleton<ToolCatalogue>();
        services.AddSingleton<IConfigureOptions<McpServerOptions>, ServerDescription>();
        services.AddSingleton<McpServerFactory>();
        services.AddSingleton<McpEndpoint>();
        services.AddHostedService<SessionSweeper>();
        return services;
    }

    public static WebApplication MapMcp(this WebApplication app)
    {
        var endpoint = app.Services.GetRequiredService<McpEndpoint>();
        app.MapPost(Path, endpoint.PostAsync);
        app.MapGet(Path, endpoint.GetAsync);
        app.MapDelete(Path, endpoint.DeleteAsync);
        return app;
    }
}
