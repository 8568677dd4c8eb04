using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>Makes tool results: the same JSON once as text for the model and once structured, or an error the model can act on.</summary>
internal static class ToolResult
{
    public static CallToolResult Ok<T>(McpCall call, T value, JsonTypeInfo<T> type) => Ok(call, RenderedResult.Of(value, type));

    public static CallToolResult Ok(McpCall call, RenderedResult rendered)
    {
        call.Rendered = rendered;
        return RenderedResult.Marked();
    }

    /// <param name="code">Machine-readable, the same codes as the HTTP API's problems.</param>
    /// <param name="message">What was wrong and what to send instead. No structured content: it would break the output schema.</param>
    public static CallToolResult Error(string code, string message) => new()
    {
        IsError = true,
        Content = [new TextContentBlock { Text = message }],
        Meta = new JsonObject { ["engram/error"] = code },
    };

    public static CallToolResult InvalidArguments(string tool, IReadOnlyList<string> complaints) => Error(
        "invalid_request",
        complaints.Count == 1
            ? $"{tool} was not run. {complaints[0]}"
            : $"{tool} was not run. {complaints.Count} arguments are wrong:\n- {string.Join("\n- ", complaints)}");
}
