using Engram.Engine.Keys;
using Engram.Engine.Memories;
using Engram.Engine.Usage;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>Changes a memory; what was there stays in its history.</summary>
internal sealed class UpdateMemoryTool(MemoryEditor editor, UsageMeter usage, BucketArguments buckets) : EngramTool(Define(
    "update_memory",
    "Update a memory",
    "Correct or complete one stored memory by its id; the former text stays in its history. Call it when the user corrects something you " +
    "remembered, after finding it with search_memories. When a new fact replaces an old one over time (a move, a new job), store_memory the new " +
    "one instead: both are then known with their dates.",
    $$$$"""
    {"type": "object", "properties": {
      {{{{Schemas.MemoryId}}}},
      {{{{Schemas.Bucket}}}},
      "content": {"type": "string", "minLength": 1, "maxLength": 65536, "description": "The new text, complete: it replaces the old one."},
      "metadata": {"type": "object", "description": "Replaces the metadata."},
      "categories": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 64}, "minItems": 1, "maxItems": 32, "description": "Replaces the labels."}},
      "required": ["memory_id"], "additionalProperties": false}
    """,
    """
    {"type": "object", "properties": {"memory_id": {"type": "string"}, "bucket_name": {"type": "string"}, "updated": {"type": "boolean"}},
      "required": ["memory_id", "bucket_name", "updated"]}
    """,
    readOnly: false, destructive: false, idempotent: true))
{
    public override Scopes Scope => Scopes.MemoriesWrite;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var id = arguments.RequiredId("memory_id");
        var bucket = await buckets.OneAsync(call, arguments, ct);
        var content = arguments.Text("content", MemoryLimits.MaxContentBytes);
        var metadata = arguments.Object("metadata");
        var categories = arguments.TextList("categories", MemoryLimits.MaxCategories, MemoryLimits.MaxCategoryCharacters);
        if (!arguments.Invalid && content is null && metadata is null && categories is null)
        {
            arguments.Complain("Nothing to change: send at least one of content, metadata, categories.");
        }

        if (arguments.Invalid)
        {
            return null;
        }

        await editor.EditAsync(
            call.Caller.Tenant, bucket, id, new MemoryEdit(content, metadata ?? default, categories), call.Caller.KeyId, call.Timer, ct);
        usage.Count(call.Caller.Tenant, call.Caller.KeyId, call.Timer.RequestId, null, UsageOperation.Edit, 1);
        return ToolResult.Ok(call, new UpdateResult(id, bucket, Updated: true), ToolJson.Wire.UpdateResult);
    }
}
