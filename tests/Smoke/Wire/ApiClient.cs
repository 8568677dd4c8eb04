using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Engram.Smoke.Wire;

/// <summary>Requests with one key, each timed.</summary>
internal sealed class ApiClient : IDisposable
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly HttpClient _http;
    private readonly CancellationToken _stop;

    public ApiClient(Uri address, string? key, CancellationToken stop)
    {
        // A connection of the run before the last pause may be closed by now: a pool that is renewed often meets none.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(20) })
        {
            BaseAddress = address,
            Timeout = TimeSpan.FromSeconds(40),
        };
        if (key is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        _stop = stop;
    }

    public Task<Reply> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    public Task<Reply> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null);

    public Task<Reply> PostAsync(string path, object? body = null, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Post, path, body, headers);

    public Task<Reply> PutAsync(string path, object body) => SendAsync(HttpMethod.Put, path, body);

    public Task<Reply> PatchAsync(string path, object body) => SendAsync(HttpMethod.Patch, path, body);

    /// <param name="method">The method.</param>
    /// <param name="path">From the root.</param>
    /// <param name="body">A string is sent as it stands, anything else as JSON.</param>
    /// <param name="headers">Further headers; <c>Content-Type</c> replaces the body's.</param>
    public async Task<Reply> SendAsync(HttpMethod method, string path, object? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body as string ?? JsonSerializer.Serialize(body, Readable), Encoding.UTF8);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("application/json");
        }

        foreach (var (name, value) in headers)
        {
            if (name == "Content-Type")
                request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
            else
                request.Headers.TryAddWithoutValidation(name, value);
        }

        return await SendAsync(request, $"{method} {path}");
    }

    public async Task<Reply> SendAsync(HttpRequestMessage request, string inWords)
    {
        var started = Stopwatch.GetTimestamp();
        using var response = await _http.SendAsync(request, _stop);
        var text = await response.Content.ReadAsStringAsync(_stop);
        var ms = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        var sent = response.Headers.Concat(response.Content.Headers).ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase);
        return new Reply(inWords, (int)response.StatusCode, text, ms) { Headers = sent, Json = Reply.Parse(text) };
    }

    public void Dispose() => _http.Dispose();
}
