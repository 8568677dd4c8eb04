using Engram.ServiceDefaults.Starting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Engram.ServiceDefaults;

/// <summary>What every host does the same.</summary>
public static class ServiceDefaults
{
    private const string Live = "live";

    /// <summary>Telemetry, health checks, a bounded shutdown and quiet framework logs.</summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddTelemetry();
        KeepThreadsForLightWork();
        builder.Services.AddSingleton<StartUp>().AddHostedService(services => services.GetRequiredService<StartUp>());
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [Live]);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(15));
        // A log line a request belongs to the request record, not to the console.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
        // Npgsql writes every statement at Information, which costs a request more than its key check.
        builder.Logging.AddFilter("Npgsql", LogLevel.Warning);
        return builder;
    }

    /// <summary>
    /// The sentence encoder keeps a thread for milliseconds, on as many threads as there are cores. The pool starts with that many too and grows
    /// only after half a second: without some to spare every read would wait for an encoding to end.
    /// </summary>
    private static void KeepThreadsForLightWork()
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, 4 * Environment.ProcessorCount), completions);
    }

    /// <summary>
    /// Has the host call itself before its sockets bind; until then nobody can connect, so it is not ready. <c>Engram:Starting:Rehearse</c> set to
    /// false leaves it out.
    /// </summary>
    public static WebApplicationBuilder AddRehearsal(this WebApplicationBuilder builder, Rehearsal rehearsal)
    {
        if (!builder.Configuration.GetValue("Engram:Starting:Rehearse", true))
            return builder;
        var server = builder.Services.Last(service => service.ServiceType == typeof(IServer)).ImplementationType
            ?? throw new InvalidOperationException("The host's server is not registered by its type.");
        builder.Services.AddSingleton(server);
        builder.Services.AddSingleton<IServer>(services => new RehearsingServer(
            (IServer)services.GetRequiredService(server), rehearsal, services.GetRequiredService<StartUp>(), services, services.GetRequiredService<ILoggerFactory>()));
        return builder;
    }

    /// <summary>/health: every check, that is "ready for traffic"; /alive: only "the process answers".</summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        app.MapHealthChecks("/health", new HealthCheckOptions { ResponseWriter = HealthReportWriter.WriteAsync });
        app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = c => c.Tags.Contains(Live), ResponseWriter = HealthReportWriter.WriteAsync });
        return app;
    }
}
