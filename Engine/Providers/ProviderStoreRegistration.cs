using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Engram.Engine.Providers;

/// <summary>Registers what keeps the tenants' providers: connections, keys, calls, budgets.</summary>
internal static class ProviderStoreRegistration
{
    public static IServiceCollection AddProviderStore(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        return services
            .AddSingleton<SpendLedger>()
            .AddSingleton<LlmCallLog>()
            .AddSingleton<IHostedService>(provider => provider.GetRequiredService<LlmCallLog>())
            .AddSingleton<TenantModels>();
    }
}
