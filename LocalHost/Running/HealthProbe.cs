using System.Runtime.CompilerServices;
using Aspire.Hosting.ApplicationModel;

namespace Engram.LocalHost.Running;

/// <summary>Polls a project's health checks: often until it is healthy for the first time, since others wait for it, then seldom.</summary>
internal static class HealthProbe
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WhenHealthy = TimeSpan.FromSeconds(30);

    private static readonly HttpClient Client = new(new SocketsHttpHandler { AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromSeconds(30) })
    {
        Timeout = TimeSpan.FromSeconds(10),
    };

    /// <summary>Yields every result; without a health check, healthy once.</summary>
    public static async IAsyncEnumerable<bool> WatchAsync(ProjectResource project, int replica, [EnumeratorCancellation] CancellationToken ct)
    {
        var checks = project.Annotations.OfType<HttpHealthCheckAnnotation>().Select(check => (Url: UrlOf(project, replica, check), check.StatusCode)).ToList();
        if (checks.Count == 0)
        {
            yield return true;
            yield break;
        }

        var pause = First;
        while (true)
        {
            var healthy = true;
            foreach (var (url, statusCode) in checks)
            {
                healthy &= await AnswersAsync(url, statusCode, ct);
            }

            yield return healthy;
            await Task.Delay(healthy ? WhenHealthy : pause, ct);
            pause = healthy ? First : TimeSpan.FromTicks(Math.Min((pause * 1.5).Ticks, Longest.Ticks));
        }
    }

    private static Uri UrlOf(ProjectResource project, int replica, HttpHealthCheckAnnotation check)
    {
        var endpoints = project.Annotations.OfType<EndpointAnnotation>();
        var annotation = endpoints.FirstOrDefault(endpoint => check.EndpointName is null || endpoint.Name == check.EndpointName)
            ?? throw new LocalHostException($"'{project.Name}' has a health check but no endpoint{(check.EndpointName is null ? "" : $" '{check.EndpointName}'")} to ask.");
        return new Uri(new Uri(new EndpointReference(project, annotation.Name).UrlOf(annotation.AllocatedPorts[replica])), check.Path);
    }

    private static async Task<bool> AnswersAsync(Uri url, int statusCode, CancellationToken ct)
    {
        try
        {
            using var response = await Client.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, ct);
            return (int)response.StatusCode == statusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !ct.IsCancellationRequested))
        {
            return false;
        }
    }
}
