using Engram.Engine.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Engram.Engine;

/// <summary>Registers the product's parts. The host brings the two keyed data sources (<c>engram-app</c>, <c>engram-system</c>).</summary>
public static class EngramEngine
{
    /// <summary>Registers every part that the HTTP API and the MCP server share.</summary>
    /// <param name="services">The host's services.</param>
    public static IServiceCollection AddEngramEngine(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<TenantDb>();
        services.AddSingleton<SystemDb>();
        return services;
    }
}
