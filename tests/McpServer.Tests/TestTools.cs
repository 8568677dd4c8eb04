using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Engram.Engine.Keys;
using Engram.McpServer.Tools;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tests;

/// <summary>Answers what it was sent.</summary>
internal sealed class EchoTool() : EngramTool(Define(
    "test_echo", "Echo", "Test only.",
    """{"type":"object","properties":{"text":{"type":"string","maxLength":1000}},"required":["text"],"additionalProperties":false}""",
    """{"type":"object","properties":{"echo":{"type":"string"}},"required":["echo"]}""",
    readOnly: true))
{
    public override Scopes Scope => Scopes.MemoriesRead;

    public override ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var text = arguments.RequiredText("text", 1000);
        return new(arguments.Invalid
            ? null
            : new CallToolResult
            {
                Content = [new TextContentBlock { Text = text }],
                StructuredContent = JsonSerializer.SerializeToElement(new { echo = text }),
            });
    }
}

/// <summary>Runs until it is cancelled, and tells the test when it began and how it ended.</summary>
internal sealed class WaitTool() : EngramTool(Define(
    "test_wait", "Wait", "Test only.",
    """{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}""",
    """{"type":"object","properties":{}}""",
    readOnly: true))
{
    private readonly ConcurrentDictionary<string, (TaskCompletionSource Began, TaskCompletionSource Cancelled)> _runs = new();

    public override Scopes Scope => Scopes.MemoriesRead;

    public Task Began(string name) => Run(name).Began.Task;

    public Task Cancelled(string name) => Run(name).Cancelled.Task;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var run = Run(arguments.RequiredText("name", 100));
        run.Began.TrySetResult();
        try
        {
            await Task.Delay(Timeout.Infinite, ct);
        }
        catch (OperationCanceledException)
        {
            run.Cancelled.TrySetResult();
            throw;
        }

        return null;
    }

    private (TaskCompletionSource Began, TaskCompletionSource Cancelled) Run(string name) => _runs.GetOrAdd(name,
        _ => (new(TaskCreationOptions.RunContinuationsAsynchronously), new(TaskCreationOptions.RunContinuationsAsynchronously)));
}

/// <summary>Answers with more than any socket buffers, once a test lets it.</summary>
internal sealed class LargeTool() : EngramTool(Define(
    "test_large", "Large", "Test only.",
    """{"type":"object","properties":{}}""",
    """{"type":"object","properties":{}}""",
    readOnly: true))
{
    private readonly TaskCompletionSource _began = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override Scopes Scope => Scopes.MemoriesRead;

    public Task Began => _began.Task;

    public void Answer() => _gate.TrySetResult();

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        _began.TrySetResult();
        await _gate.Task.WaitAsync(ct);
        return new CallToolResult { Content = [new TextContentBlock { Text = new string('x', 32 * 1024 * 1024) }] };
    }
}

/// <summary>Answers with data of the size it is asked for, rendered as the shipped tools' is, once a test lets it.</summary>
internal sealed class SizedTool() : EngramTool(Define(
    "test_sized", "Sized", "Test only.",
    """{"type":"object","properties":{"length":{"type":"integer"}},"required":["length"]}""",
    """{"type":"object","properties":{"Text":{"type":"string"}},"required":["Text"]}""",
    readOnly: true))
{
    private static readonly JsonTypeInfo<Sized> Type = (JsonTypeInfo<Sized>)JsonSerializerOptions.Default.GetTypeInfo(typeof(Sized));

    public override Scopes Scope => Scopes.MemoriesRead;

    /// <summary>What the next call tells that it has begun, and what it waits for.</summary>
    public (TaskCompletionSource Began, Task Gate) Next { get; set; } = (new(), Task.CompletedTask);

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var (began, gate) = Next;
        began.TrySetResult();
        await gate.WaitAsync(ct);
        return ToolResult.Ok(call, new Sized(new string('x', arguments.Integer("length", 1, 0, 1_000_000))), Type);
    }

    private sealed record Sized(string Text);
}
