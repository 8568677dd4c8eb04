using System.Net;
using System.Text;
using System.Text.Json;

namespace Engram.Api.Tests;

/// <summary>Sends JSON as text, so that tests can send what no serializer would, and reads it back.</summary>
internal static class Wire
{
    public static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    public static Task<HttpResponseMessage> PostAsync(this HttpClient client, string path, string json) => client.PostAsync(new Uri(path, UriKind.Relative), Json(json));

    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response)
    {
        using var document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return document.RootElement.Clone();
    }

    public static async Task<JsonElement> JsonAsync(this Task<HttpResponseMessage> sent, HttpStatusCode expected)
    {
        using var response = await sent;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(expected == response.StatusCode, $"{(int)response.StatusCode} instead of {(int)expected}: {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement.Clone();
    }

    public static Task<JsonElement> GetJsonAsync(this HttpClient client, string path) =>
        client.GetAsync(new Uri(path, UriKind.Relative)).JsonAsync(HttpStatusCode.OK);

    public static string Text(this JsonElement element, string name) => element.GetProperty(name).GetString()!;

    /// <summary>Stores one memory and gives its id.</summary>
    public static async Task<string> StoreAsync(this HttpClient client, string bucket, string content)
    {
        var json = JsonSerializer.Serialize(new { content });
        return (await client.PostAsync($"/v1/buckets/{bucket}/memories", json).JsonAsync(HttpStatusCode.Created)).Text("id");
    }

    /// <summary>A refusal as the contract has it; gives its body.</summary>
    public static async Task<JsonElement> ProblemAsync(this Task<HttpResponseMessage> sent, int status, string code, string? field = null)
    {
        using var response = await sent;
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(status == (int)response.StatusCode, $"{(int)response.StatusCode} instead of {status}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement.Clone();
        Assert.Equal(code, problem.Text("code"));
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrEmpty(problem.Text("type")));
        Assert.False(string.IsNullOrEmpty(problem.Text("title")));
        Assert.False(string.IsNullOrEmpty(problem.Text("traceId")));
        Assert.Equal(problem.Text("detail"), problem.Text("error"));
        Assert.True(response.Headers.Contains("X-Request-Id"));
        Assert.True(response.Headers.Contains("Server-Timing"));
        if (field is not null)
            Assert.Equal(field, problem.TryGetProperty("field", out var named) ? named.GetString() : null);
        return problem;
    }
}
