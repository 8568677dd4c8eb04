using System.Text.Json;
using Engram.ServiceDefaults.Starting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engram.ServiceDefaults;

/// <summary>Says which part is not healthy, by name; never an exception's text, which may hold a connection string.</summary>
internal static class HealthReportWriter
{
    public static async Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("status", NameOf(report.Status));
        if (context.RequestServices.GetService<StartUp>() is { Ready: { } ready } startUp)
        {
            json.WriteNumber("ready_after_ms", Math.Round(ready.TotalMilliseconds));
            json.WriteNumber("warm_up_ms", Math.Round(startUp.WarmUp.TotalMilliseconds));
        }

        json.WriteStartObject("checks");
        foreach (var (name, entry) in report.Entries)
        {
            json.WriteStartObject(name);
            json.WriteString("status", NameOf(entry.Status));
            if (entry.Description is { } description)
                json.WriteString("description", description);
            json.WriteNumber("duration_ms", Math.Round(entry.Duration.TotalMilliseconds, 2));
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
    }

    private static string NameOf(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}
