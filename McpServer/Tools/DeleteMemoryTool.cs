using Engram.Engine.Keys;
using Engram.Engine.Memories;
using Engram.Engine.Usage;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>Deletes one memory with everything that only it supports.</summary>
internal sealed class DeleteMemoryTool(MemoryRemoval removal, UsageMeter usage, BucketArguments buckets) : EngramTool(Define(
    "delete_memory",
    "Delete a memory",
    "Forget one memory for good, by its id, with the facts that only it supports. Call it only when the user asks to forget something or a memory " +
    "is plainly wrong, after finding it with search_memories or list_memories. It cannot be undone. To correct a memory use update_memory; to " +
    "empty a bucket use clear_memories.",
    $$$$"""
    {"type": "object", "properties": {
      {{{{Schemas.MemoryId}}}},
      {{{{Schemas.Bucket}}}}},
      "required": ["memory_id"], "additionalProperties": false}
    """,
    """
    {"type": "object", "properties": {"memory_id": {"type": "string"}, "bucket_name": {"type": "string"}, "deleted": {"type": "boolean"}},
      "required": ["memory_id", "bucket_name", "deleted"]}
    """,
    readOnly: false, destructive: true, idempotent: true))
{
    public override Scopes Scope => Scopes.MemoriesDelete;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var id = arguments.RequiredId("memory_id");
        var bucket = await buckets.OneAsync(call, arguments, ct);
        if (arguments.Invalid)
        {
            return null;
        }

        await removal.DeleteAsync(call.Caller.Tenant, bucket, id, call.Timer, cancellationToken: ct);
        usage.Count(call.Caller.Tenant, call.Caller.KeyId, call.Timer.RequestId, null, UsageOperation.Delete, 1);
        return ToolResult.Ok(call, new DeleteResult(id, bucket, Deleted: true), ToolJson.Wire.DeleteResult);
    }
}
