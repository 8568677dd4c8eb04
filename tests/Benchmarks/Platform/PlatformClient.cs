using System.Net.Http.Headers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engram.Benchmarks.Platform;

/// <summary>A memory as the wire has it.</summary>
internal sealed record WireMemory(
    string Content, string Dedup = "off", bool Infer = true, string? RunId = null, DateTimeOffset? OccurredAt = null, object? Metadata = null);

/// <summary>The public HTTP API as a client sees it. Nothing here is timed; the latency benchmark has a leaner client.</summary>
internal sealed class PlatformClient : IDisposable
{
    private static readonly JsonSerializerOptions Wire = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly HttpClient _http;

    public PlatformClient(PlatformAddress address)
    {
        _http = new HttpClient { BaseAddress = address.Api, Timeout = TimeSpan.FromMinutes(5) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", address.Key);
    }

    /// <summary>A bucket name no other run has.</summary>
    public static string NewBucketName(string purpose) => $"bench-{purpose}-{Guid.NewGuid():N}"[..Math.Min(60, purpose.Length + 19)].ToLowerInvariant();

    public static byte[] Serialize(object value) => JsonSerializer.SerializeToUtf8Bytes(value, Wire);

    /// <summary>Fails with a clear message unless the platform answers and knows the key.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, "router/buckets", null, cancellationToken);
    }

    /// <summary>Stores up to 500 memories at once.</summary>
    /// <returns>Their ids, in the same order.</returns>
    public async Task<string[]> StoreAsync(string bucket, IReadOnlyList<WireMemory> memories, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(
            HttpMethod.Post, $"v1/buckets/{Uri.EscapeDataString(bucket)}/memories", Serialize(new { memories }), cancellationToken);
        var receipts = answer.RootElement.GetProperty("memories");
        if (receipts.GetArrayLength() != memories.Count)
            throw new BenchmarkException($"The Api answered {memories.Count} memories with {receipts.GetArrayLength()} receipts.");
        return [.. receipts.EnumerateArray().Select(IdOf)];
    }

    /// <summary>Retrieves without synthesis; the answer explains every hit.</summary>
    public Task<JsonDocument> QueryAsync(string bucket, string query, int topK, object? filters = null, CancellationToken cancellationToken = default) =>
        SendAsync(HttpMethod.Post, "v1/query", QueryBody(bucket, query, topK, filters), cancellationToken);

    public static byte[] QueryBody(string bucket, string query, int topK, object? filters = null) => Serialize(new
    {
        query,
        buckets = new[] { bucket },
        filters,
        options = new { top_k = topK, skip_synthesis = true, return_explanation = true },
    });

    /// <summary>Makes a key that may read.</summary>
    public async Task<(Guid Id, string Key)> CreateKeyAsync(string name, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Post, "account/keys", Serialize(new { name, scopes = new[] { "memories:read" } }), cancellationToken);
        return (answer.RootElement.GetProperty("id").GetGuid(), answer.RootElement.GetProperty("key").GetString()!);
    }

    /// <summary>Reads anything.</summary>
    public Task<JsonDocument> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <summary>One page of a bucket.</summary>
    public Task<JsonDocument> ListAsync(string bucket, int limit, int offset, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, $"v1/buckets/{Uri.EscapeDataString(bucket)}/memories?limit={limit}&offset={offset}", null, cancellationToken);

    /// <summary>Removes a bucket with all it holds; a bucket that was never made is no error.</summary>
    public async Task DeleteBucketAsync(string bucket)
    {
        using var response = await _http.DeleteAsync(new Uri($"v1/buckets/{Uri.EscapeDataString(bucket)}", UriKind.Relative), CancellationToken.None);
        if (!response.IsSuccessStatusCode && response.StatusCode != System.Net.HttpStatusCode.NotFound)
            await Console.Error.WriteLineAsync($"The bucket '{bucket}' is left: deleting it answered {(int)response.StatusCode}.");
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonDocument> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, path);
            if (body is not null)
                request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var response = await TrySendAsync(request, cancellationToken);
            // A full platform says when to come back. That is not a failure of a run that measures quality, not speed.
            if (response.StatusCode == System.Net.HttpStatusCode.TooManyRequests && attempt < 10)
            {
                await Task.Delay(response.Headers.RetryAfter?.Delta ?? TimeSpan.FromSeconds(1), cancellationToken);
                continue;
            }

            var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (!response.IsSuccessStatusCode)
                throw Refused(request, response, bytes);
            return JsonDocument.Parse(bytes);
        }
    }

    private async Task<HttpResponseMessage> TrySendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            throw new BenchmarkException($"No Api answers at {_http.BaseAddress} ({e.HttpRequestError}). {PlatformAddress.HowToStart}", e);
        }
        catch (TaskCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new BenchmarkException($"The Api at {_http.BaseAddress} did not answer {request.Method} /{request.RequestUri} within {_http.Timeout.TotalMinutes:0} minutes.", e);
        }
    }

    private static BenchmarkException Refused(HttpRequestMessage request, HttpResponseMessage response, byte[] body)
    {
        var text = System.Text.Encoding.UTF8.GetString(body);
        return new BenchmarkException($"{request.Method} {request.RequestUri} answered {(int)response.StatusCode}: {(text.Length > 600 ? text[..600] + "..." : text)}");
    }

    private static string IdOf(JsonElement receipt) =>
        receipt.TryGetProperty("id", out var id) && id.ValueKind == JsonValueKind.String
            ? id.GetString()!
            : throw new BenchmarkException($"A memory was not stored: {receipt.GetRawText()}");
}
