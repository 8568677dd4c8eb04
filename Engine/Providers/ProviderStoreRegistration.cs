using Engram.Engine.Audit;
using Engram.Engine.Database;
using Engram.Engine.Providers.Vault;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Providers;

/// <summary>Registers what keeps the tenants' providers: connections, keys, calls, budgets.</summary>
public static class ProviderStoreRegistration
{
    /// <summary>Registers the key vault and the rotation of its keys, for a process that does nothing else with providers.</summary>
    public static IServiceCollection AddEngramKeyVault(this IServiceCollection services)
    {
        services.AddOptions<VaultOptions>().BindConfiguration("Engram:Vault").ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<VaultOptions>, VaultOptionsValidation>());
        services.TryAddSingleton<MasterKeys>();
        services.TryAddSingleton<KeyVault>();
        services.TryAddSingleton<DataKeys>();
        services.TryAddSingleton(provider => new KeyRotation(provider.GetRequiredService<SystemDb>(), provider.GetRequiredService<KeyVault>()));
        return services;
    }

    internal static IServiceCollection AddProviderStore(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddEngramKeyVault();
        services.AddSingleton<ModelCache>();
        services.AddSingleton(provider =>
        {
            var cache = provider.GetRequiredService<ModelCache>();
            return new ChangeChannel(ModelCache.Channel, cache.Hear, cache.Clear);
        });
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ChangeListener>());
        return services
            .AddSingleton<SpendLedger>()
            .AddSingleton<LlmCallLog>()
            .AddSingleton<IHostedService>(provider => provider.GetRequiredService<LlmCallLog>())
            .AddSingleton<LlmCallReader>()
            .AddSingleton<AuditReader>()
            .AddSingleton(provider => new ProviderStore(
                provider.GetRequiredService<TenantDb>(),
                provider.GetRequiredService<KeyVault>(),
                provider.GetRequiredService<DataKeys>(),
                provider.GetRequiredService<ModelCache>(),
                provider.GetRequiredService<Breakers>(),
                provider.GetRequiredService<TimeProvider>()))
            .AddSingleton(provider => new Budgets(
                provider.GetRequiredService<TenantDb>(), provider.GetRequiredService<ModelCache>(), provider.GetRequiredService<TimeProvider>()))
            .AddSingleton(provider => new TenantModels(
                provider.GetRequiredService<TenantDb>(),
                provider.GetRequiredService<ProviderStore>(),
                provider.GetRequiredService<ModelCache>(),
                provider.GetRequiredService<SpendLedger>(),
                provider.GetRequiredService<ChatClients>(),
                provider.GetRequiredService<ILogger<TenantModels>>()));
    }
}
