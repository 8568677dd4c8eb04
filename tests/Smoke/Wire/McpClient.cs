using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engram.Smoke.Wire;

/// <summary>MCP over Streamable HTTP, by hand: the SDK would hide what is looked at here.</summary>
internal sealed class McpClient(ApiClient http, Uri address)
{
    public const string ProtocolVersion = "2025-11-25";

    private int _id;

    public string? Session { get; private set; }

    /// <summary>A session of its own; without it every call stands alone.</summary>
    public async Task<Reply> InitializeAsync()
    {
        var reply = await SendAsync("initialize", new { protocolVersion = ProtocolVersion, capabilities = new { }, clientInfo = new { name = "engram-smoke", version = "1" } });
        Session = reply.Header("Mcp-Session-Id");
        if (Session is not null)
            await PostAsync(new { jsonrpc = "2.0", method = "notifications/initialized" }, "notifications/initialized");
        return reply;
    }

    public Task<Reply> CallAsync(string tool, object arguments) => SendAsync("tools/call", new { name = tool, arguments }, tool);

    public Task<Reply> SendAsync(string method, object parameters, string? tool = null) =>
        PostAsync(new { jsonrpc = "2.0", id = ++_id, method, @params = parameters }, tool is null ? method : $"{method} {tool}");

    /// <summary>Uses the session of another client.</summary>
    public void Take(string session) => Session = session;

    public async Task<Reply> EndAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Delete, address);
        request.Headers.TryAddWithoutValidation("Mcp-Session-Id", Session);
        return await http.SendAsync(request, "DELETE /mcp");
    }

    private async Task<Reply> PostAsync(object message, string inWords)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = new StringContent(JsonSerializer.Serialize(message), System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        if (Session is not null)
        {
            request.Headers.TryAddWithoutValidation("Mcp-Session-Id", Session);
            request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", ProtocolVersion);
        }

        var reply = await http.SendAsync(request, $"MCP {inWords}");
        // An event stream's last message is the answer.
        var frames = reply.Body.StartsWith('{') ? [reply.Body] : EventStream.Frames(reply.Body);
        return frames.Count == 0 ? reply : reply with { Body = frames[^1], Json = Reply.Parse(frames[^1]) };
    }
}

/// <summary>What a tool's answer must look like.</summary>
internal static class McpExpectations
{
    /// <summary>An answer of a tool that went well: structured, the same once more as text, with its request id and timings.</summary>
    public static Reply IsResult(this Reply reply)
    {
        reply.Is(200).Where(reply.Json.ValueKind == JsonValueKind.Object && reply.Json.TryGetProperty("result", out _), "a result");
        reply.Where(reply.Json.At("result").Lacks("isError") || !reply.At("result.isError").GetBoolean(), "no error");
        var structured = reply.At("result.structuredContent");
        return reply.Where(JsonNode.DeepEquals(JsonNode.Parse(structured.GetRawText()), JsonNode.Parse(reply.Text("result.content.0.text"))), "the text to be the structured content");
    }

    public static JsonElement Structured(this Reply reply) => reply.At("result.structuredContent");

    /// <summary>An answer of a tool that could not do it, in words for the model and with a code for programs.</summary>
    public static Reply IsToolError(this Reply reply, string code) =>
        reply.Is(200).Has("result.isError", true).Has("result._meta.engram/error", code).HasText("result.content.0.text");
}
