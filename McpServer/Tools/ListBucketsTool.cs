using Engram.Engine.Buckets;
using Engram.Engine.Keys;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>The buckets the key may use.</summary>
internal sealed class ListBucketsTool(BucketStore buckets) : EngramTool(Define(
    "list_buckets",
    "List buckets",
    "List the buckets memories are kept in, with how many each holds. Call it when the user names a bucket you do not know, or asks how their " +
    "memory is organised. There is no need to call it before the other tools: they use \"default\".",
    """
    {"type": "object", "properties": {
      "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 50, "description": "Buckets per page."},
      "offset": {"type": "integer", "minimum": 0, "maximum": 1000000, "default": 0, "description": "How many to skip."}},
      "additionalProperties": false}
    """,
    """
    {"type": "object", "properties": {
      "buckets": {"type": "array", "items": {"type": "object", "properties": {
        "id": {"type": "string"}, "name": {"type": "string"}, "description": {"type": "string"}, "memory_count": {"type": "integer"},
        "created_at": {"type": "string"}, "last_write_at": {"type": "string"}}, "required": ["id", "name", "memory_count"]}},
      "limit": {"type": "integer"}, "offset": {"type": "integer"}, "more": {"type": "boolean", "description": "There is another page."}},
      "required": ["buckets", "limit", "offset", "more"]}
    """,
    readOnly: true))
{
    public override Scopes Scope => Scopes.MemoriesRead;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var limit = arguments.Integer("limit", 50, 1, 100);
        var offset = arguments.Integer("offset", 0, 0, 1_000_000);
        if (arguments.Invalid)
        {
            return null;
        }

        // One more than asked for tells whether there is another page. A restricted key's few are picked from all.
        var restricted = call.Caller.Buckets is not null;
        var found = restricted
            ? await buckets.ListAsync(call.Caller.Tenant, call.Timer, cancellationToken: ct)
            : await buckets.ListAsync(call.Caller.Tenant, call.Timer, limit + 1, offset, ct);
        var page = restricted ? [.. found.Where(bucket => call.Caller.MayUse(bucket.Name)).Skip(offset).Take(limit + 1)] : found;
        var items = page.Take(limit).Select(bucket => new BucketItem(
            bucket.Id, bucket.Name, bucket.Description, bucket.MemoryCount, bucket.CreatedAt, bucket.LastWriteAt));
        return ToolResult.Ok(call, new BucketsResult([.. items], limit, offset, page.Count > limit), ToolJson.Wire.BucketsResult);
    }
}
