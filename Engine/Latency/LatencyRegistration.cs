using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Engram.Engine.Latency;

/// <summary>Registers the recording of operations and the numbers made of it.</summary>
public static class LatencyRegistration
{
    /// <summary>Registers the log and its readers.</summary>
    public static IServiceCollection AddEngramLatency(this IServiceCollection services)
    {
        services.AddOptions<OperationOptions>().BindConfiguration("Engram:Operations").ValidateDataAnnotations().ValidateOnStart();
        services.AddMetrics();
        services.AddSingleton<OperationTelemetry>();
        services.AddSingleton<OperationLog>();
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<OperationLog>());
        services.AddSingleton<OperationRollups>().AddSingleton<OperationPartitions>();
        return services.AddSingleton<OperationReader>().AddSingleton<LatencyReader>().AddSingleton<PublicLatency>().AddSingleton<BreakdownReader>()
            .AddSingleton<SmokeRuns>();
    }
}
