using Engram.Engine.Keys;
using Engram.Engine.Memories;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>One memory in full, with its facts and former texts.</summary>
internal sealed class GetMemoryTool(MemoryReader memories, BucketArguments buckets) : EngramTool(Define(
    "get_memory",
    "Get a memory",
    "Read one memory by its id: the text, the facts extracted from it, and its former versions. Call it when a result said truncated (send its " +
    "next_from as from), or to check the source of a fact or citation. A very long text comes in parts. It does not search: use search_memories " +
    "for that.",
    $$$$"""
    {"type": "object", "properties": {
      {{{{Schemas.MemoryId}}}},
      {{{{Schemas.Bucket}}}},
      "from": {"type": "integer", "minimum": 0, "maximum": 65536, "default": 0,
        "description": "Where in the text to start, in characters: next_from of the part before.", "examples": [0]}},
      "required": ["memory_id"], "additionalProperties": false}
    """,
    """
    {"type": "object", "properties": {
      "memory_id": {"type": "string"}, "bucket_name": {"type": "string"}, "content": {"type": "string"},
      "truncated": {"type": "boolean", "description": "The text goes on: call again with from = next_from."}, "next_from": {"type": "integer"}, "token_count": {"type": "integer"},
      "occurred_at": {"type": "string"}, "created_at": {"type": "string"}, "updated_at": {"type": "string"}, "version": {"type": "integer"},
      "extraction": {"type": "string"}, "user_id": {"type": "string"}, "categories": {"type": "array", "items": {"type": "string"}},
      "metadata": {"type": "object"}, "triples": {"type": "array", "items": {"type": "object"}}, "history": {"type": "array", "items": {"type": "object"}}},
      "required": ["memory_id", "bucket_name", "content", "triples", "history"]}
    """,
    readOnly: true))
{
    /// <summary>A part of a long text: some three pages.</summary>
    private const int TokensAtOnce = 4_000;

    private const int TokensOfRevision = 150;

    private const int MostRevisions = 20;

    public override Scopes Scope => Scopes.MemoriesRead;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var id = arguments.RequiredId("memory_id");
        var bucket = await buckets.OneAsync(call, arguments, ct);
        var from = arguments.Integer("from", 0, 0, MemoryLimits.MaxContentBytes);
        if (arguments.Invalid)
        {
            return null;
        }

        var (memory, bucketName, triples, history, _) = await memories.GetAsync(call.Caller.Tenant, bucket, id, call.Timer, ct);
        if (from > 0 && from >= memory.Content.Length)
        {
            arguments.Complain($"'from' is {from}, but the text ends at character {memory.Content.Length}.");
            return null;
        }

        var (content, next) = MemoryItems.Part(memory.Content, memory.TokenCount, from, TokensAtOnce);
        return ToolResult.Ok(
            call,
            new MemoryResult(
                memory.Id, bucketName, content, next is null ? null : true, next, memory.TokenCount, memory.OccurredAt, memory.CreatedAt, memory.UpdatedAt, memory.Version,
                Words.Of(memory.Extraction), memory.UserId, MemoryItems.NonEmpty(memory.Categories), MemoryItems.NonEmpty(memory.Metadata),
                [.. triples.Select(triple => Item(triple, memory.Content))],
                [.. history.TakeLast(MostRevisions).Select(Item)]),
            ToolJson.Wire.MemoryResult);
    }

    private static RevisionItem Item(MemoryRevision revision)
    {
        // Former texts are for looking at what changed; their beginning shows it. Four characters are about a token.
        var (content, next) = MemoryItems.Part(revision.Content, (revision.Content.Length / 4) + 1, from: 0, TokensOfRevision);
        return new RevisionItem(revision.Change, content, next is null ? null : true, revision.ChangedAt);
    }

    private static TripleItem Item(MemoryTriple triple, string content) => new(
        triple.Subject, triple.Predicate, triple.Object, triple.Negated ? true : null, triple.Superseded ? true : null,
        content.Substring(triple.SpanStart, triple.SpanLength));
}
