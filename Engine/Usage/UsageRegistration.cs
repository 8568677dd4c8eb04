using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Usage;

/// <summary>Registers the counting of usage.</summary>
public static class UsageRegistration
{
    /// <summary>Registers the meter and the reading of plan usage.</summary>
    public static IServiceCollection AddEngramUsage(this IServiceCollection services)
    {
        services.AddSingleton<UsageMeter>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<UsageMeter>());
        services.AddSingleton<PlanUsageReader>();
        services.AddSingleton<Plans>();
        services.AddSingleton<UsageMarks>();
        services.AddSingleton<PlanGate>();
        services.AddOptions();
        services.AddSingleton<IConfigureOptions<PlanOptions>, PlanSection>();
        return services;
    }

    /// <summary>Each plan is a named instance, bound to the section of its name.</summary>
    private sealed class PlanSection(IConfiguration configuration) : IConfigureNamedOptions<PlanOptions>
    {
        public void Configure(string? name, PlanOptions options) => configuration.GetSection($"Engram:Plans:{name}").Bind(options);

        public void Configure(PlanOptions options)
        {
        }
    }
}
