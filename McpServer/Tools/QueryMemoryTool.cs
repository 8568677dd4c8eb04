using Engram.Engine.Buckets;
using Engram.Engine.Extraction;
using Engram.Engine.Keys;
using Engram.Engine.Recall;
using Engram.Engine.Usage;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>Answers a question from memory, with the memories the answer rests on.</summary>
internal sealed class QueryMemoryTool(
    Recall recall, RecalledTexts recalled, Synthesis synthesis, Profiles profiles, UsageMeter usage, PlanGate gate, BucketArguments buckets) : EngramTool(Define(
    "query_memory",
    "Ask the memory",
    "Ask one question and get one answer with citations from what is remembered. Call it when you want the answer itself (\"When does Mia's school " +
    "start?\") rather than material to read. answer_status says how far to trust it: answered, partial, conflicting (memories disagree: give both " +
    "sides), or not_found (say that you do not know, do not guess). Every citation is a stored memory; get_memory reads it in full. Use " +
    "search_memories when you want the memories on a topic and will reason over them yourself.",
    $$$$"""
    {"type": "object", "properties": {
      "question": {"type": "string", "minLength": 1, "maxLength": 8192, "description": "The question, in full, with names instead of pronouns.",
        "examples": ["Which seat does Ann prefer on trains?"]},
      {{{{Schemas.Bucket}}}},
      {{{{Schemas.Buckets}}}},
      {{{{Schemas.TopK}}}},
      "synthesize": {"type": "boolean", "default": true, "description": "false leaves the answer out and returns the memories found."},
      "fallback": {"type": "string", "enum": ["extractive"],
        "description": "extractive: if the account's model provider fails, quote memories instead of failing; a warning says so."}},
      "required": ["question"], "additionalProperties": false}
    """,
    $$$$"""
    {"type": "object", "properties": {
      "answer": {"type": "string"}, "answer_status": {"type": "string", "enum": ["answered", "partial", "not_found", "conflicting"]},
      "citations": {"type": "array", "items": {"type": "object", "properties": {
        "memory_id": {"type": "string"}, "bucket_name": {"type": "string"}, "quote": {"type": "string"}}, "required": ["memory_id", "bucket_name", "quote"]}},
      "memories_found": {"type": "integer"}, "memories": {"type": "array", "items": {{{{Schemas.Memory}}}}},
      "graph_facts": {{{{Schemas.Facts}}}}, "warnings": {"type": "array", "items": {"type": "string"}}},
      "required": ["citations", "memories_found"]}
    """,
    readOnly: true))
{
    public override Scopes Scope => Scopes.MemoriesRead;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var question = arguments.RequiredText("question", RecallRequest.MaxQueryCharacters);
        var where = await buckets.SeveralAsync(call, arguments, ct);
        var topK = arguments.Integer("top_k", 8, 1, RecallRequest.MaxTopK);
        var synthesize = arguments.Flag("synthesize", true);
        var fallback = arguments.Choice("fallback", ["extractive"]);
        if (arguments.Invalid)
        {
            return null;
        }

        var request = new RecallRequest { Query = question, Buckets = [.. where.Select(bucket => new BucketQuery(bucket))], TopK = topK };
        call.UsageWarning = await gate.DemandQueryAsync(call.Caller.Tenant, call.Caller.Plan, ct);
        var reading = synthesize ? profiles.OfAsync(call.Caller.Tenant, where, ct) : null;
        var found = await recall.QueryAsync(call.Caller.Tenant, request with { KeyId = call.Caller.KeyId }, call.Timer, ct);
        usage.Count(call.Caller.Tenant, call.Caller.KeyId, call.Timer.RequestId, null, UsageOperation.Query, found.Hits.Count);
        recalled.Note(call.Caller.Tenant, call.Caller.KeyId, found.Hits);
        var answered = reading is null ? null : await call.Client.WhileAsync(
            synthesis.AnswerAsync(
                new AnswerRequest(call.Caller.Tenant, question, found, call.Timer)
                {
                    Operation = Name,
                    KeyId = call.Caller.KeyId,
                    Profiles = await reading,
                    FallBack = fallback is not null,
                },
                ct),
            $"Found {found.Hits.Count} memories; writing the answer", atMost: null, ct);
        return ToolResult.Ok(
            call,
            new AnswerResult(
                answered?.Answer.Text, answered is null ? null : Words.Of(answered.Answer.Status), Citations(answered?.Answer, found), found.Hits.Count,
                synthesize ? null : MemoryItems.Of(found.Hits), MemoryItems.Of(found.GraphFacts), MemoryItems.NonEmpty([.. found.Warnings, .. answered?.Warnings ?? []])),
            ToolJson.Wire.AnswerResult);
    }

    /// <summary>Only what was retrieved can be cited: a citation of anything else is dropped.</summary>
    private static IReadOnlyList<CitationItem> Citations(Answer? answer, RecallResult found)
    {
        var retrieved = found.GraphFacts.DistinctBy(fact => fact.MemoryId).ToDictionary(fact => fact.MemoryId, fact => fact.BucketName);
        foreach (var hit in found.Hits)
        {
            retrieved[hit.Memory.Id] = hit.BucketName;
        }

        return answer is null
            ? []
            : [.. answer.Citations.Where(c => retrieved.ContainsKey(c.MemoryId)).Select(c => new CitationItem(c.MemoryId, retrieved[c.MemoryId], c.Quote))];
    }
}
