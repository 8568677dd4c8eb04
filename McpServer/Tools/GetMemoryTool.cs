using Engram.Engine.Keys;
using Engram.Engine.Memories;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>One memory in full, with its facts and former texts.</summary>
internal sealed class GetMemoryTool(MemoryReader memories, BucketArguments buckets) : EngramTool(Define(
    "get_memory",
    "Get a memory",
    "Read one memory in full by its id: the whole text, the facts extracted from it, and its former versions. Call it when a result said " +
    "truncated, or to check the source of a fact or citation. It does not search: use search_memories for that.",
    $$$$"""
    {"type": "object", "properties": {
      {{{{Schemas.MemoryId}}}},
      {{{{Schemas.Bucket}}}}},
      "required": ["memory_id"], "additionalProperties": false}
    """,
    """
    {"type": "object", "properties": {
      "memory_id": {"type": "string"}, "bucket_name": {"type": "string"}, "content": {"type": "string"}, "token_count": {"type": "integer"},
      "occurred_at": {"type": "string"}, "created_at": {"type": "string"}, "updated_at": {"type": "string"}, "version": {"type": "integer"},
      "extraction": {"type": "string"}, "user_id": {"type": "string"}, "categories": {"type": "array", "items": {"type": "string"}},
      "metadata": {"type": "object"}, "triples": {"type": "array", "items": {"type": "object"}}, "history": {"type": "array", "items": {"type": "object"}}},
      "required": ["memory_id", "bucket_name", "content", "triples", "history"]}
    """,
    readOnly: true))
{
    public override Scopes Scope => Scopes.MemoriesRead;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var id = arguments.RequiredId("memory_id");
        var bucket = await buckets.OneAsync(call, arguments, ct);
        if (arguments.Invalid)
        {
            return null;
        }

        var (memory, bucketName, triples, history, _) = await memories.GetAsync(call.Caller.Tenant, bucket, id, call.Timer, ct);
        return ToolResult.Ok(
            new MemoryResult(
                memory.Id, bucketName, memory.Content, memory.TokenCount, memory.OccurredAt, memory.CreatedAt, memory.UpdatedAt, memory.Version,
                Words.Of(memory.Extraction), memory.UserId, MemoryItems.NonEmpty(memory.Categories), MemoryItems.NonEmpty(memory.Metadata),
                [.. triples.Select(triple => Item(triple, memory.Content))],
                [.. history.Select(revision => new RevisionItem(revision.Change, revision.Content, revision.ChangedAt))]),
            ToolJson.Wire.MemoryResult);
    }

    private static TripleItem Item(MemoryTriple triple, string content) => new(
        triple.Subject, triple.Predicate, triple.Object, triple.Negated ? true : null, triple.Superseded ? true : null,
        content.Substring(triple.SpanStart, triple.SpanLength));
}
