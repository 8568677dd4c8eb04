using Engram.Engine.Keys;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>
/// Does nothing: what a call to it takes is what the endpoint, the protocol and the key cost. The latency benchmark compares the other tools
/// with it. Registered only under <c>Engram:Mcp:BenchmarkNoOpTool</c>.
/// </summary>
internal sealed class NoOpTool() : EngramTool(Define(
    "benchmark_noop",
    "Do nothing",
    "Does nothing, for measurements. Never call it.",
    """{"type": "object", "properties": {}, "additionalProperties": false}""",
    """{"type": "object", "properties": {}}""",
    readOnly: true))
{
    public override Scopes Scope => Scopes.MemoriesRead;

    public override ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct) =>
        new(new CallToolResult { Content = [new TextContentBlock { Text = "done" }], StructuredContent = EmptyResult });

    private static readonly System.Text.Json.JsonElement EmptyResult = System.Text.Json.JsonElement.Parse("{}");
}
