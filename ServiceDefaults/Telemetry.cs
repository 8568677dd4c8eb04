using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Engram.ServiceDefaults;

/// <summary>OpenTelemetry over OTLP, only where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set. The framework carries its own instrumentation.</summary>
internal static class Telemetry
{
    private static readonly string[] Sources = ["Engram", "Microsoft.AspNetCore", "System.Net.Http"];

    private static readonly string[] Meters =
        ["Engram", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Net.Http", "System.Runtime"];

    public static void AddTelemetry<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
            return;
        var npgsqlTracing = !builder.Configuration.GetValue("Aspire:Npgsql:DisableTracing", false);
        var npgsqlMetrics = !builder.Configuration.GetValue("Aspire:Npgsql:DisableMetrics", false);
        var name = builder.Configuration["OTEL_SERVICE_NAME"] ?? builder.Environment.ApplicationName;
        builder.Services.AddSingleton(_ => OpenTelemetrySdk.Create(sdk => sdk
            .ConfigureResource(r => r.AddService(name))
            .WithTracing(t => t.AddSource(npgsqlTracing ? [.. Sources, "Npgsql"] : Sources))
            .WithMetrics(m => m.AddMeter(npgsqlMetrics ? [.. Meters, "Npgsql"] : Meters))
            .WithLogging()
            .UseOtlpExporter()));
        builder.Services.AddHostedService<TelemetryLifetime>();
        builder.Services.AddSingleton<ILoggerProvider>(s => new OpenTelemetryLoggerBridge(s.GetRequiredService<OpenTelemetrySdk>().GetLoggerFactory()));
    }

    /// <summary>Starts the exporters with the host and flushes them at its end.</summary>
    private sealed class TelemetryLifetime(OpenTelemetrySdk sdk) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            sdk.Dispose();
            return Task.CompletedTask;
        }
    }

    /// <summary>The SDK without its Hosting package makes its own logger factory; this hands the host's log lines to it.</summary>
    private sealed class OpenTelemetryLoggerBridge(ILoggerFactory factory) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => factory.CreateLogger(categoryName);

        public void Dispose()
        {
        }
    }
}
