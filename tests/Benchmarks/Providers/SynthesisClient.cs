using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Engram.Benchmarks.Platform;

namespace Engram.Benchmarks.Providers;

/// <summary>A connection to a provider as the account lists it, and the model of a role.</summary>
internal sealed record RoleChoice(string ConnectionId, string Model);

/// <summary>Asks questions that a model answers, with a clock; and sets which model that is.</summary>
internal sealed class SynthesisClient : IDisposable
{
    private const string Role = "synthesize";

    private readonly HttpClient _http;

    public SynthesisClient(PlatformAddress address)
    {
        _http = new HttpClient { BaseAddress = address.Api, Timeout = TimeSpan.FromMinutes(5) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", address.Key);
    }

    /// <summary>Asks once. A problem is an outcome here, not an exception.</summary>
    public async Task<Asked> AskAsync(string bucket, string question, int topK, CancellationToken cancellationToken)
    {
        var body = PlatformClient.Serialize(new { query = question, buckets = new[] { bucket }, options = new { top_k = topK, return_explanation = false } });
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/query") { Content = JsonBody(body) };
        var started = Stopwatch.GetTimestamp();
        using var response = await _http.SendAsync(request, cancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        using var document = JsonDocument.Parse(bytes);
        return Asked.Read(document.RootElement, elapsed);
    }

    /// <summary>Connects a provider.</summary>
    /// <returns>The connection's id.</returns>
    public async Task<string> ConnectAsync(string provider, string label, Uri baseUrl, string key, CancellationToken cancellationToken)
    {
        using var made = await SendAsync(HttpMethod.Post, "account/providers", new { provider, label, base_url = baseUrl, api_key = key }, cancellationToken);
        return made.RootElement.GetProperty("id").GetString()!;
    }

    public async Task DisconnectAsync(string id)
    {
        using var gone = await SendAsync(HttpMethod.Delete, $"account/providers/{id}", null, CancellationToken.None);
    }

    /// <summary>The connection that bears the id or the label.</summary>
    public async Task<string> FindAsync(string idOrLabel, CancellationToken cancellationToken)
    {
        using var all = await SendAsync(HttpMethod.Get, "account/providers", null, cancellationToken);
        foreach (var connection in all.RootElement.GetProperty("providers").EnumerateArray())
        {
            if (connection.GetProperty("id").GetString() == idOrLabel || connection.GetProperty("label").GetString() == idOrLabel)
                return connection.GetProperty("id").GetString()!;
        }

        throw new BenchmarkException($"The account has no provider connection '{idOrLabel}'. GET /account/providers lists them.");
    }

    /// <summary>What answers now, or null where nothing is set.</summary>
    public async Task<RoleChoice?> ChoiceAsync(CancellationToken cancellationToken)
    {
        using var all = await SendAsync(HttpMethod.Get, "account/providers", null, cancellationToken);
        foreach (var role in all.RootElement.GetProperty("models").EnumerateArray())
        {
            if (role.GetProperty("role").GetString() == Role)
                return new RoleChoice(role.GetProperty("connection_id").GetString()!, role.GetProperty("model").GetString()!);
        }

        return null;
    }

    /// <summary>Sets what answers; null sets nothing, so that answers are extractive.</summary>
    public async Task ChooseAsync(RoleChoice? choice, CancellationToken cancellationToken)
    {
        var path = $"account/models/{Role}";
        using var set = choice is null
            ? await SendAsync(HttpMethod.Delete, path, null, cancellationToken)
            : await SendAsync(HttpMethod.Put, path, new { connection_id = choice.ConnectionId, model = choice.Model }, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static ByteArrayContent JsonBody(byte[] body) => new(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private async Task<JsonDocument> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonBody(PlatformClient.Serialize(body)) };
        using var response = await _http.SendAsync(request, cancellationToken);
        var text = await response.Content.ReadAsStringAsync(cancellationToken);
        if (!response.IsSuccessStatusCode)
            throw new BenchmarkException($"{method} /{path} answered {(int)response.StatusCode}: {text}");
        return JsonDocument.Parse(text.Length == 0 ? "null" : text);
    }
}
