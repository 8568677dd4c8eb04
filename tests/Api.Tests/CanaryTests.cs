using System.Net;
using System.Text;
using System.Text.Json;
using Engram.Engine;
using Engram.Engine.Providers;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Api.Tests;

/// <summary>A provider key goes in and to the provider, and is in clear nowhere else: no answer, no log line, no span, no table.</summary>
public class CanaryTests(ProviderHost host, ApiFixture fixture) : IClassFixture<ProviderHost>
{
    private const string First = "sk-canary-Xq7vTzL0pW3n-first";
    private const string Second = "sk-canary-Xq7vTzL0pW3n-second";
    private const string Wrong = "sk-canary-Xq7vTzL0pW3n-wrong";

    [Fact]
    public async Task A_provider_key_is_found_in_no_answer_log_trace_or_table()
    {
        var tenant = await host.NewTenantAsync();
        var answers = await UseAsync(tenant);
        await host.Api.Services.GetRequiredService<LlmCallLog>().FlushAsync();

        // The net must hold water: the provider got the keys, the log is at trace level, spans were seen, and the dump has the rows.
        Assert.All([First, Second, Wrong], key => Assert.NotEmpty(host.Provider.Requests.Of(key)));
        Assert.Contains(host.Output.Lines, line => line.StartsWith("Trace", StringComparison.Ordinal) || line.StartsWith("Debug", StringComparison.Ordinal));
        Assert.Contains(host.Output.Lines, line => line.StartsWith("span", StringComparison.Ordinal));
        var dump = await fixture.DumpAsync();
        Assert.Contains(dump, line => line.Contains(tenant.Id.ToString(), StringComparison.Ordinal) && line.StartsWith("provider_connections", StringComparison.Ordinal));
        Assert.Contains(dump, line => line.StartsWith("llm_calls", StringComparison.Ordinal) && line.Contains("auth", StringComparison.Ordinal));

        foreach (var form in Forms("canary-Xq7vTzL0pW3n"))
        {
            Assert.DoesNotContain(answers, text => text.Contains(form, StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(host.Output.Lines, line => line.Contains(form, StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain(dump, line => line.Contains(form, StringComparison.OrdinalIgnoreCase));
        }
    }

    /// <summary>Everything a key can meet: made, tested, rotated, refused by the provider, mistyped into a body, called with, listed, deleted.</summary>
    private async Task<List<string>> UseAsync(TestTenant tenant)
    {
        var answers = new List<string>();
        var address = host.Provider.OpenAi.ToString();
        var id = Guid.Parse(JsonDocument.Parse(await PostAsync("/account/providers", new { provider = "openai-compatible", base_url = address, api_key = First })).RootElement.Text("id"));
        foreach (var model in (string[])["fake-answer", "fault-503", "fault-malformed", "fault-empty"])
            await PostAsync($"/account/providers/{id}/test", new { model });
        await SendAsync(HttpMethod.Put, "/account/models/synthesize", new { connection_id = id, model = "fake-answer" });
        await SendAsync(HttpMethod.Put, "/account/models/embed", new { connection_id = id, model = "fault-401" });
        await SendAsync(HttpMethod.Put, "/account/models/embed", new { connection_id = id, model = "fake-embed" });
        await PostAsync($"/account/providers/{id}/rotate", new { api_key = Second });
        await PostAsync("/v1/buckets/default/memories", new { content = "Ann keeps bees." });
        await CallAsync(tenant);
        await PostAsync($"/account/providers/{id}/rotate", new { api_key = Wrong });
        await PostAsync($"/account/providers/{id}/test", new { model = "fake-answer" });
        await Assert.ThrowsAsync<ProviderException>(() => CallAsync(tenant));
        await PostAsync("/v1/buckets/default/memories", new { content = "Ann sells honey." });
        await PostAsync("/v1/query", new { query = "Who keeps bees?", options = new { skip_synthesis = true } });

        // Refusals with a key in the body.
        await PostAsync("/account/providers", new { provider = "openai-compatible", base_url = "https://10.0.0.1/", api_key = First });
        await PostAsync("/account/providers", new { provider = "openai", api_key = First + " with a space" });
        await PostAsync("/account/providers", new { provider = "openai", api_key = First, nonsense = true });
        await PostAsync("/account/providers", new { provider = "openai", api_key = new[] { First } });
        await PostAsync("/account/providers", new { provider = "openai", api_key = string.Concat(Enumerable.Repeat(First, 50)) });
        await PostAsync($"/account/providers/{Guid.NewGuid()}/rotate", new { api_key = Second });
        answers.Add(await ReadAsync(tenant.Http.PostAsync("/account/providers", $"{{\"provider\":\"openai\",\"api_key\":\"{First}")));

        foreach (var path in (string[])["/account/providers", $"/account/providers/{id}", "/account/models", "/account/audit", "/account/provider-faults", "/account/plan_usage"])
            answers.Add(await ReadAsync(tenant.Http.GetAsync(path)));
        answers.Add(await ReadAsync(tenant.Http.DeleteAsync($"/account/models/synthesize")));

        // One stays, so that the dump has a sealed key to look into.
        await PostAsync("/account/providers", new { provider = "openai", api_key = Second });
        answers.Add(await ReadAsync(tenant.Http.DeleteAsync($"/account/providers/{id}")));
        return answers;

        Task<string> PostAsync(string path, object body) => SendAsync(HttpMethod.Post, path, body);

        async Task<string> SendAsync(HttpMethod method, string path, object body)
        {
            using var request = new HttpRequestMessage(method, path) { Content = Wire.Json(JsonSerializer.Serialize(body)) };
            answers.Add(await ReadAsync(tenant.Http.SendAsync(request)));
            return answers[^1][answers[^1].IndexOf('\n', StringComparison.Ordinal)..];
        }
    }

    private async Task CallAsync(TestTenant tenant)
    {
        var context = new LlmContext(new Tenant(tenant.Id), Guid.CreateVersion7(), "POST /v1/query", ModelRole.Synthesize);
        using var chat = await host.Api.Services.GetRequiredService<TenantModels>().ForAsync(context);
        await chat!.Client.GetResponseAsync("Say something.");
    }

    /// <summary>Headers and body; the headers are one line.</summary>
    private static async Task<string> ReadAsync(Task<HttpResponseMessage> sent)
    {
        using var response = await sent;
        Assert.NotEqual(HttpStatusCode.InternalServerError, response.StatusCode);
        return $"{string.Join(' ', response.Headers.Select(header => $"{header.Key}={string.Join(',', header.Value)}"))}\n{await response.Content.ReadAsStringAsync()}";
    }

    /// <summary>As it is, as PostgreSQL shows bytes, and in base64 at each of its three alignments.</summary>
    private static IEnumerable<string> Forms(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        yield return text;
        yield return Convert.ToHexString(bytes);
        for (var skip = 0; skip < 3; skip++)
        {
            var aligned = bytes[skip..];
            yield return Convert.ToBase64String(aligned[..(aligned.Length / 3 * 3)]);
        }
    }
}
