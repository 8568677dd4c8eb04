using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Stdio;

/// <summary>What the bridge has to know of a message that it otherwise passes on as it came.</summary>
/// <param name="Line">The message.</param>
/// <param name="Id">Its id as JSON; null for a notification.</param>
/// <param name="Method">Its method; null for a response.</param>
/// <param name="Version">The protocol version its metadata declares, as every request of 2026-07-28 does.</param>
/// <param name="Name">What the Mcp-Name header repeats: the tool, prompt or resource.</param>
/// <param name="Cancels">Of a cancellation: the id, as JSON, of the request that is no longer wanted.</param>
internal sealed record StdioMessage(string Line, string? Id, string? Method, string? Version, string? Name, string? Cancels)
{
    /// <summary>Whether somebody waits for an answer; a response has an id too.</summary>
    public bool IsRequest => Id is not null && Method is not null;

    /// <exception cref="JsonException">The line is not a JSON object.</exception>
    public static StdioMessage Parse(string line)
    {
        var root = JsonElement.Parse(line);
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("A message is a JSON object.");
        }

        var method = Text(root, "method");
        var parameters = Member(root, "params");
        return new StdioMessage(
            line,
            Member(root, "id") is { } id ? id.GetRawText() : null,
            method,
            parameters is { } p && Member(p, "_meta") is { } meta ? Text(meta, MetaKeys.ProtocolVersion) : null,
            parameters is { } named ? method switch
            {
                RequestMethods.ToolsCall or RequestMethods.PromptsGet => Text(named, "name"),
                RequestMethods.ResourcesRead => Text(named, "uri"),
                _ => null,
            } : null,
            method == NotificationMethods.CancelledNotification && parameters is { } cancelled && Member(cancelled, "requestId") is { } request
                ? request.GetRawText()
                : null);
    }

    private static JsonElement? Member(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static string? Text(JsonElement of, string name) => Member(of, name) is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
}
