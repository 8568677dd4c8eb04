using System.Globalization;
using System.Text.Json;
using Engram.Engine.Keys;
using Engram.McpServer.Transport;

namespace Engram.McpServer.Tools;

/// <summary>
/// What the MCP server calls itself with before it listens: the handshake, the list of tools and the tools that are called most, in a session and
/// without one, on a small bucket of the warm-up's tenant.
/// </summary>
internal sealed class McpRehearsal(WarmUpCaller caller, HttpClient http, CancellationToken cancellationToken)
{
    private const int Rounds = 8;

    private const string Version = "2025-11-25";

    private static readonly (string Name, string Value)[] Stateless = [("Accept", "application/json, text/event-stream")];

    private (string Name, string Value)[] _session = [];

    public static async Task RunAsync(IServiceProvider services, HttpClient http, CancellationToken cancellationToken)
    {
        var caller = services.GetRequiredService<WarmUpCaller>();
        try
        {
            await new McpRehearsal(caller, http, cancellationToken).RunAsync();
        }
        finally
        {
            caller.Leave();
        }
    }

    private async Task RunAsync()
    {
        await WarmUpCaller.BeStrangerAsync(http, McpHosting.Path, cancellationToken);
        var initialize = $$"""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"{{Version}}","capabilities":{},"clientInfo":{"name":"warm-up","version":"1"} } }""";
        var (headers, _) = await caller.SendAsync(http, HttpMethod.Post, McpHosting.Path, initialize, Stateless, cancellationToken);
        _session = [.. Stateless, (McpHeaders.SessionId, headers.GetValues(McpHeaders.SessionId).Single()), (McpHeaders.ProtocolVersion, Version)];
        await SendAsync(_session, """{"jsonrpc":"2.0","method":"notifications/initialized"}""");
        // The same text each time: it is there from the second start on.
        await CallAsync(_session, "store_memory", """{"content":"Ada lives in Lisbon and works on the compiler.","bucket":"warm-up"}""");
        for (var round = 0; round < Rounds; round++)
            await RoundAsync(round.ToString(CultureInfo.InvariantCulture));
        await caller.SendAsync(http, HttpMethod.Delete, McpHosting.Path, null, _session, cancellationToken);
    }

    private async Task RoundAsync(string round)
    {
        foreach (var headers in new[] { _session, Stateless })
        {
            await SendAsync(headers, """{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}}""");
            await CallAsync(headers, "list_buckets", "{}");
            await CallAsync(headers, "list_memories", """{"bucket":"warm-up"}""");
            await CallAsync(headers, "get_profile", """{"bucket":"warm-up"}""");
        }

        await CallAsync(_session, "search_memories", $$"""{"query":"Where does Ada live in year {{round}}?","bucket":"warm-up"}""");
        await CallAsync(_session, "query_memory", $$"""{"question":"What does Ada work on in week {{round}}?","bucket":"warm-up"}""");
        var stored = await CallAsync(_session, "store_memory", $$"""{"content":"Start {{Guid.NewGuid()}} was rehearsed.","bucket":"warm-up","dedup":"off"}""");
        var memory = $$"""{"memory_id":"{{stored.GetProperty("memory_id").GetString()}}","bucket":"warm-up"}""";
        await CallAsync(_session, "get_memory", memory);
        await CallAsync(_session, "delete_memory", memory);
    }

    private async Task<JsonElement> CallAsync((string Name, string Value)[] headers, string tool, string arguments)
    {
        var answer = await SendAsync(headers, $$"""{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"{{tool}}","arguments":{{arguments}}} }""");
        const string data = "data: ";
        var message = JsonElement.Parse(answer.Split('\n').First(line => line.StartsWith(data, StringComparison.Ordinal))[data.Length..]);
        return message.GetProperty("result") is var result && result.TryGetProperty("structuredContent", out var content)
            ? content
            : throw new HttpRequestException($"The tool {tool} failed");
    }

    private async Task<string> SendAsync((string Name, string Value)[] headers, string message) =>
        (await caller.SendAsync(http, HttpMethod.Post, McpHosting.Path, message, headers, cancellationToken)).Body;
}
