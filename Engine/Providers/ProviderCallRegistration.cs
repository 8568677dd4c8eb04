using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Engram.Engine.Providers;

/// <summary>Registers what calls the tenants' providers.</summary>
internal static class ProviderCallRegistration
{
    public static IServiceCollection AddProviderCalls(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.AddMetrics();
        services.AddOptions<ProviderOptions>().BindConfiguration("Engram:Providers").ValidateDataAnnotations().ValidateOnStart();
        return services
            .AddSingleton<ProviderUrlGuard>()
            .AddSingleton(provider => new ProviderHttp(
                provider.GetRequiredService<ProviderUrlGuard>(), provider.GetRequiredService<Microsoft.Extensions.Options.IOptions<ProviderOptions>>()))
            .AddSingleton<Breakers>()
            .AddSingleton<ProviderTelemetry>()
            .AddSingleton<ChatClients>()
            .AddSingleton<ConnectionTest>()
            .AddSingleton<EmbeddingProbe>();
    }
}
