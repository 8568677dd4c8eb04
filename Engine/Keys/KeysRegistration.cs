using System.Diagnostics.Metrics;
using Engram.Engine.Accounts;
using Engram.Engine.Database;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Engram.Engine.Keys;

/// <summary>Registers the keys' parts.</summary>
public static class KeysRegistration
{
    /// <summary>Registers authentication and management of keys, with the two services that run beside them, and the portal's accounts.</summary>
    public static IServiceCollection AddEngramKeys(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddOptions<KeyOptions>().BindConfiguration("Engram:Keys").ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<CallerLimitOptions>().BindConfiguration("Engram:Limits").ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<CallerLimits>();
        services.AddSingleton<KeyHasher>();
        services.AddSingleton<KeyCache>();
        services.AddSingleton<KeyRows>();
        services.AddSingleton<LastUsedWriter>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<LastUsedWriter>());
        services.AddSingleton(provider =>
        {
            var cache = provider.GetRequiredService<KeyCache>();
            return new ChangeChannel(KeyCache.Channel, cache.Hear, cache.Clear);
        });
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ChangeListener>());
        services.AddSingleton(provider => new ApiKeyAuthenticator(
            provider.GetRequiredService<KeyHasher>(),
            provider.GetRequiredService<KeyCache>(),
            provider.GetRequiredService<KeyRows>(),
            provider.GetRequiredService<LastUsedWriter>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<IMeterFactory>(),
            provider.GetRequiredService<ILogger<ApiKeyAuthenticator>>()));
        services.AddSingleton(provider => new ApiKeys(
            provider.GetRequiredService<TenantDb>(),
            provider.GetRequiredService<KeyHasher>(),
            provider.GetRequiredService<KeyCache>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new WarmUpCaller(
            provider.GetRequiredService<KeyHasher>(), provider.GetRequiredService<KeyCache>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<Passwords>();
        services.AddSingleton(provider => new PortalAccounts(
            provider.GetRequiredService<SystemDb>(),
            provider.GetRequiredService<ApiKeys>(),
            provider.GetRequiredService<KeyHasher>(),
            provider.GetRequiredService<Passwords>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new VerifiedSignIn(
            provider.GetRequiredService<SystemDb>(),
            provider.GetRequiredService<PortalAccounts>(),
            provider.GetRequiredService<Passwords>(),
            provider.GetRequiredService<KeyHasher>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Members(
            provider.GetRequiredService<SystemDb>(),
            provider.GetRequiredService<KeyHasher>(),
            provider.GetRequiredService<KeyCache>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new PortalSessions(
            provider.GetRequiredService<SystemDb>(),
            provider.GetRequiredService<ApiKeys>(),
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Tenants(
            provider.GetRequiredService<SystemDb>(),
            provider.GetRequiredService<KeyHasher>(),
            provider.GetRequiredService<KeyCache>(),
            provider.GetRequiredService<TimeProvider>()));
        return services;
    }
}
