using Engram.Engine.Keys;
using Engram.Engine.Memories;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>
/// Pages through a bucket, newest first, in one round trip to the database. A first page that is still the one sent last is sent again: the round trip
/// says that it is. Callers of the same page at the same time share one.
/// </summary>
internal sealed class ListMemoriesTool(MemoryReader memories, BucketArguments buckets, KeptPages kept) : EngramTool(Define(
    "list_memories",
    "List memories",
    "Page through the memories of one bucket, newest first. Call it when the user asks what you remember, wants the latest entries, or wants to " +
    "review or clean up. To find something particular use search_memories: it ranks by relevance and does not page through everything.",
    $$$$"""
    {"type": "object", "properties": {
      {{{{Schemas.Bucket}}}},
      "limit": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20, "description": "Memories per page."},
      "cursor": {"type": "string", "minLength": 1, "maxLength": 200, "description": "next_cursor of the page before; leave out for the first page."}},
      "additionalProperties": false}
    """,
    $$$$"""
    {"type": "object", "properties": {
      "bucket_name": {"type": "string"}, "memories": {"type": "array", "items": {{{{Schemas.Memory}}}}},
      "total": {"type": "integer"}, "next_cursor": {"type": "string", "description": "Absent on the last page."}},
      "required": ["bucket_name", "memories", "total"]}
    """,
    readOnly: true))
{
    private readonly SharedReads<PageKey, RenderedResult> _reads = new();

    public override Scopes Scope => Scopes.MemoriesRead;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var bucket = await buckets.OneAsync(call, arguments, ct);
        var limit = arguments.Integer("limit", 20, 1, MemoryReader.MaxPage);
        var cursor = arguments.Text("cursor", 200);
        if (arguments.Invalid)
        {
            return null;
        }

        return ToolResult.Ok(call, cursor is null
            ? await FirstAsync(call, new PageKey(call.Caller.Tenant.Id, bucket, limit), ct)
            : Render(await memories.ListAsync(call.Caller.Tenant, bucket, limit, offset: 0, cursor, filter: null, call.Timer, ct)));
    }

    private Task<RenderedResult> FirstAsync(McpCall call, PageKey key, CancellationToken ct) => _reads.ReadAsync(key, async () =>
    {
        var last = kept.Find(key);
        var (page, version) = await memories.FirstPageAsync(call.Caller.Tenant, key.Bucket, key.Limit, last?.Version, call.Timer, CancellationToken.None);
        var result = page is null ? last!.Result : Render(page);
        if (version != last?.Version)
        {
            kept.Keep(key, new KeptPage(version, result));
        }

        return result;
    }, call.Timer, ct);

    private static RenderedResult Render(MemoryPage page) => RenderedResult.Of(
        new ListResult(page.BucketName, MemoryItems.Of(page.Memories), page.Total, page.Next), ToolJson.Wire.ListResult);
}
