using Engram.Engine.Extraction;
using Engram.Engine.Keys;
using Engram.Engine.Memories;
using Engram.Engine.Recall;
using Engram.Engine.Usage;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>Retrieves memories by keyword, meaning and graph; no LLM is called.</summary>
internal sealed class SearchMemoriesTool(Recall recall, RecalledTexts recalled, UsageMeter usage, PlanGate gate, BucketArguments buckets) : EngramTool(Define(
    "search_memories",
    "Search memories",
    "Find what is remembered about a topic, ranked, in a few milliseconds. Call it before answering anything that may depend on earlier " +
    "conversations: who someone is, what the user likes, owns, planned or decided. Ask in the words of the thing itself (\"Ann's allergies\"); a " +
    "question works too. An empty result means nothing is known: say so rather than guess. Use query_memory when you want one answer with " +
    "citations instead of the memories, and list_memories to page through everything.",
    $$$$"""
    {"type": "object", "properties": {
      "query": {"type": "string", "minLength": 1, "maxLength": 8192, "description": "What to look for: a question, a name, or key words.",
        "examples": ["Which seat does Ann prefer?", "Mia school"]},
      {{{{Schemas.Bucket}}}},
      {{{{Schemas.Buckets}}}},
      {{{{Schemas.TopK}}}},
      {{{{Schemas.Filters}}}}},
      "required": ["query"], "additionalProperties": false}
    """,
    $$$$"""
    {"type": "object", "properties": {
      "memories_found": {"type": "integer"}, "memories": {"type": "array", "items": {{{{Schemas.Memory}}}}}, "graph_facts": {{{{Schemas.Facts}}}},
      "warnings": {"type": "array", "items": {"type": "string"}}}, "required": ["memories_found", "memories"]}
    """,
    readOnly: true))
{
    public override Scopes Scope => Scopes.MemoriesRead;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var query = arguments.RequiredText("query", RecallRequest.MaxQueryCharacters);
        var where = await buckets.SeveralAsync(call, arguments, ct);
        var topK = arguments.Integer("top_k", 8, 1, RecallRequest.MaxTopK);
        var filters = arguments.Object("filters");
        if (arguments.Invalid)
        {
            return null;
        }

        var request = new RecallRequest
        {
            Query = query,
            Buckets = [.. where.Select(bucket => new BucketQuery(bucket))],
            TopK = topK,
            Filter = MemoryFilter.Parse(filters ?? default),
        };
        call.UsageWarning = await gate.DemandQueryAsync(call.Caller.Tenant, call.Caller.Plan, ct);
        var found = await recall.QueryAsync(call.Caller.Tenant, request with { KeyId = call.Caller.KeyId }, call.Timer, ct);
        usage.Count(call.Caller.Tenant, call.Caller.KeyId, call.Timer.RequestId, null, UsageOperation.Query, found.Hits.Count);
        recalled.Note(call.Caller.Tenant, call.Caller.KeyId, found.Hits);
        return ToolResult.Ok(
            call,
            new SearchResult(found.Hits.Count, MemoryItems.Of(found.Hits), MemoryItems.Of(found.GraphFacts), MemoryItems.NonEmpty(found.Warnings)),
            ToolJson.Wire.SearchResult);
    }
}
