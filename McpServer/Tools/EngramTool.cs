using System.Text.Json;
using Engram.Engine.Keys;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>One tool: its definition, made once, and its work. Tools are singletons and keep no state between calls.</summary>
internal abstract class EngramTool
{
    private readonly string[] _arguments;

    protected EngramTool(Tool definition)
    {
        Definition = definition;
        _arguments = [.. definition.InputSchema.GetProperty("properties").EnumerateObject().Select(property => property.Name)];
        Requires = definition.OutputSchema is { } output && output.TryGetProperty("required", out var required)
            ? [.. required.EnumerateArray().Select(name => name.GetString()!)]
            : [];
    }

    public Tool Definition { get; }

    public string Name => Definition.Name;

    /// <summary>The scope a key needs to call this.</summary>
    public abstract Scopes Scope { get; }

    /// <summary>Names of the arguments, in the schema's order.</summary>
    public IReadOnlyList<string> ArgumentNames => _arguments;

    /// <summary>What every result must hold: the properties the output schema requires.</summary>
    public IReadOnlyList<string> Requires { get; }

    /// <summary>
    /// Reads the arguments and does the work. Complaints about arguments may simply be left in <paramref name="arguments"/>: return
    /// null then.
    /// </summary>
    public abstract ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct);

    protected static Tool Define(
        string name, string title, string description, string inputSchema, string outputSchema,
        bool readOnly, bool destructive = false, bool idempotent = true) => new()
        {
            Name = name,
            Title = title,
            Description = description,
            InputSchema = JsonElement.Parse(inputSchema),
            OutputSchema = JsonElement.Parse(outputSchema),
            Annotations = new ToolAnnotations
            {
                Title = title,
                ReadOnlyHint = readOnly,
                DestructiveHint = destructive,
                IdempotentHint = idempotent,
                OpenWorldHint = false,
            },
        };
}
