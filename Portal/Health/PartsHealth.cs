using System.Diagnostics;
using System.Text.Json;
using Engram.Portal.Client;

namespace Engram.Portal.Health;

/// <summary>How one part of the platform answers its own health check.</summary>
/// <param name="Status">healthy, degraded, unhealthy, unreachable or not_configured.</param>
/// <param name="Milliseconds">Time to the answer as the portal sees it; null when there was none.</param>
/// <param name="Checks">What the part itself checked.</param>
public sealed record PartHealth(string Name, string Title, string? Url, string Status, double? Milliseconds, IReadOnlyList<PartCheck> Checks)
{
    public const string Healthy = "healthy";
    public const string Degraded = "degraded";
    public const string Unhealthy = "unhealthy";
    public const string Unreachable = "unreachable";
    public const string NotConfigured = "not_configured";
}

public sealed record PartCheck(string Name, string Status, string? Description, double? DurationMs);

/// <summary>Asks every part for its /health, all at once, each for at most two seconds.</summary>
public sealed class PartsHealth(IHttpClientFactory clients, ServiceAddresses addresses)
{
    internal const string ClientName = "parts";

    public Task<PartHealth[]> CheckAsync(CancellationToken cancellationToken) => Task.WhenAll(
        CheckAsync("api", "Api", addresses.Api, cancellationToken),
        CheckAsync("mcp", "MCP server", addresses.Mcp, cancellationToken),
        CheckAsync("worker", "Worker", addresses.Worker, cancellationToken));

    private async Task<PartHealth> CheckAsync(string name, string title, Uri? address, CancellationToken cancellationToken)
    {
        if (address is null)
        {
            return new PartHealth(name, title, null, PartHealth.NotConfigured, null, []);
        }
        var url = new Uri(address, "health");
        var started = Stopwatch.GetTimestamp();
        try
        {
            using var http = clients.CreateClient(ClientName);
            using var response = await http.GetAsync(url, cancellationToken);
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            var report = Parse(body);
            var fallback = response.IsSuccessStatusCode ? PartHealth.Healthy : PartHealth.Unhealthy;
            return new PartHealth(name, title, url.ToString(), Known(report?.Status) ?? fallback, elapsed, Checks(report));
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new PartHealth(name, title, url.ToString(), PartHealth.Unreachable, null, []);
        }
    }

    private static Report? Parse(string body)
    {
        try
        {
            return JsonSerializer.Deserialize<Report>(body, EngramApiClient.Json);
        }
        catch (JsonException)
        {
            // A part behind a proxy, or ASP.NET Core's own plain "Healthy": the status code says enough.
            return null;
        }
    }

    private static string? Known(string? status) =>
        status is PartHealth.Healthy or PartHealth.Degraded or PartHealth.Unhealthy ? status : null;

    private static PartCheck[] Checks(Report? report) => report?.Checks is { } checks
        ? [.. checks.Select(check => new PartCheck(check.Key, Known(check.Value.Status) ?? PartHealth.Unhealthy, check.Value.Description, check.Value.DurationMs))]
        : [];

    private sealed record Report(string? Status, Dictionary<string, ReportCheck>? Checks);

    private sealed record ReportCheck(string? Status, string? Description, double? DurationMs);
}

internal static class PartsHealthRegistration
{
    public static void AddPartsHealth(this IHostApplicationBuilder builder)
    {
        builder.Services.AddHttpClient(PartsHealth.ClientName, http => http.Timeout = TimeSpan.FromSeconds(2)).RemoveAllLoggers();
        builder.Services.AddScoped<PartsHealth>();
    }
}
