using System.Net.Http.Json;
using System.Text.Json;
using Engram.Engine.Extraction;
using Engram.Engine.Extraction.Rules;

namespace Engram.Benchmarks.Triples;

/// <summary>Where the predicted triples come from: the extractor in this process, or a running platform over HTTP.</summary>
internal sealed class TripleSource(HttpClient? api) : IDisposable
{
    private static readonly DateTimeOffset EventTime = new(2024, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly string bucket = $"bench-triples-{Guid.NewGuid():N}"[..22];

    public static TripleSource InProcess() => new(null);

    public static TripleSource OverHttp(Uri address, string key)
    {
        var client = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return new TripleSource(client);
    }

    public string Description => api is null ? new RuleExtractor().Name + " in this process" : $"{api.BaseAddress} over HTTP";

    /// <param name="text">The text.</param>
    /// <param name="open">Pronouns are kept as they stand; only the in-process extractor can do that.</param>
    public async Task<IReadOnlyList<ScoredTriple>> ExtractAsync(string text, bool open)
    {
        if (api is not null)
        {
            return await OverHttpAsync(text);
        }

        var extractor = new RuleExtractor { KeepPronouns = open };
        var result = await extractor.ExtractAsync(new ExtractionInput(text, EventTime, "en", null), CancellationToken.None);
        return [.. result.Triples.Select(t => Scored(t.Subject, t.Predicate, t.Object, t.Negated, t.Confidence))];
    }

    public async Task CleanUpAsync()
    {
        if (api is not null)
        {
            using var response = await api.DeleteAsync(new Uri($"v1/buckets/{bucket}", UriKind.Relative));
        }
    }

    public void Dispose() => api?.Dispose();

    private async Task<IReadOnlyList<ScoredTriple>> OverHttpAsync(string text)
    {
        using var stored = await api!.PostAsJsonAsync(new Uri($"v1/buckets/{bucket}/memories?wait=extracted", UriKind.Relative), new { content = text, occurred_at = EventTime, language = "en", dedup = "off" });
        await ThrowUnlessOkAsync(stored);
        var receipt = await stored.Content.ReadFromJsonAsync<JsonElement>();
        var id = receipt.GetProperty("memory_id").GetString();
        using var read = await api!.GetAsync(new Uri($"v1/buckets/{bucket}/memories/{id}", UriKind.Relative));
        await ThrowUnlessOkAsync(read);
        var memory = await read.Content.ReadFromJsonAsync<JsonElement>();
        return [.. memory.GetProperty("triples").EnumerateArray().Select(t => Scored(
            t.GetProperty("subject").GetString()!, t.GetProperty("predicate").GetString()!, t.GetProperty("object").GetString()!,
            t.TryGetProperty("negated", out var negated) && negated.ValueKind == JsonValueKind.True,
            t.TryGetProperty("confidence", out var c) && c.ValueKind == JsonValueKind.Number ? c.GetDouble() : 1))];
    }

    private static async Task ThrowUnlessOkAsync(HttpResponseMessage response)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{response.RequestMessage!.Method} {response.RequestMessage.RequestUri} answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }
    }

    private static ScoredTriple Scored(string subject, string predicate, string target, bool negated, double confidence) =>
        new(subject, negated ? predicate + "_not" : predicate, target, confidence);
}
