using System.Globalization;
using Engram.Engine.Extraction;
using Engram.Engine.Keys;
using Engram.Engine.Memories;
using Engram.Engine.Usage;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>Stores a memory; answers when it is durable and can be found.</summary>
internal sealed class StoreMemoryTool(MemoryStore store, ExtractionJobs jobs, UsageMeter usage, PlanGate gate, BucketArguments buckets) : EngramTool(Define(
    "store_memory",
    "Store a memory",
    "Remember a fact for later conversations. Call it when the user states something durable: a preference, a personal fact, a decision, a plan, a " +
    "relation between people or things, or when they ask you to remember. Write one self-contained sentence per call, with names instead of " +
    "pronouns and dates instead of \"tomorrow\" (\"Ann's daughter Mia started school on 1 September 2026\"). Do not store small talk, secrets such " +
    "as passwords, or what you already found in memory. The same fact stored twice is merged, so there is no need to search first. To change a " +
    "stored memory use update_memory.",
    $$$$"""
    {"type": "object", "properties": {
      "content": {"type": "string", "minLength": 1, "maxLength": 65536, "description": "The fact, in one self-contained sentence or short paragraph.",
        "examples": ["Ann prefers window seats on trains."]},
      {{{{Schemas.Bucket}}}},
      "dedup": {"type": "string", "enum": ["off", "loose", "strict"], "default": "strict",
        "description": "What counts as stored already: strict merges equal and nearly equal texts, loose also close rewordings, off nothing."},
      "metadata": {"type": "object", "description": "Any JSON object to keep with it and filter by, at most 16384 bytes.", "examples": [{"source": "chat"}]},
      "user_id": {"type": "string", "minLength": 1, "maxLength": 256, "description": "Whom it is about, when one account serves several people."},
      "categories": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 64}, "minItems": 1, "maxItems": 32,
        "description": "Labels to filter by.", "examples": [["travel", "preference"]]},
      "occurred_at": {"type": "string", "format": "date-time",
        "description": "When it happened or was said, if not now (RFC 3339).", "examples": ["2026-09-01T08:00:00Z"]},
      "wait": {"type": "boolean", "default": false,
        "description": "Wait, at most 25 seconds, until facts have been extracted for the graph. Not needed to find the memory again."}},
      "required": ["content"], "additionalProperties": false}
    """,
    """
    {"type": "object", "properties": {
      "id": {"type": "string"}, "memory_id": {"type": "string"}, "bucket_name": {"type": "string"}, "token_count": {"type": "integer"},
      "status": {"type": "string", "enum": ["stored", "merged", "quarantined"]}, "deduped_into": {"type": "string"},
      "similarity_score": {"type": "number"}, "merge_reason": {"type": "string"},
      "indexes": {"type": "object", "properties": {"keyword": {"type": "string"}, "vector": {"type": "string"}, "graph": {"type": "string"}}},
      "extraction": {"type": "object", "description": "With wait: what the extraction gave, or why not yet. The memory is stored either way."},
      "undo_token": {"type": "string"}}, "required": ["id", "memory_id", "bucket_name", "status", "indexes"]}
    """,
    readOnly: false, destructive: false, idempotent: true))
{
    /// <summary>Below the half minute after which clients and proxies give up.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(25);

    private static readonly string[] Policies = ["off", "loose", "strict"];

    public override Scopes Scope => Scopes.MemoriesWrite;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        var content = arguments.RequiredText("content", MemoryLimits.MaxContentBytes);
        var bucket = await buckets.OneAsync(call, arguments, ct);
        var policy = arguments.Choice("dedup", Policies);
        var metadata = arguments.Object("metadata");
        var userId = arguments.Text("user_id", MemoryLimits.MaxIdCharacters);
        var categories = arguments.TextList("categories", MemoryLimits.MaxCategories, MemoryLimits.MaxCategoryCharacters);
        var occurredAt = Time(arguments, "occurred_at");
        var wait = arguments.Flag("wait", false);
        if (arguments.Invalid)
        {
            return null;
        }

        var memory = new NewMemory
        {
            Content = content,
            Dedup = policy switch { "off" => DedupPolicy.Off, "loose" => DedupPolicy.Loose, _ => DedupPolicy.Strict },
            Metadata = metadata ?? default,
            UserId = userId,
            Categories = categories ?? [],
            OccurredAt = occurredAt,
        };
        using var share = await gate.DemandStoreAsync(call.Caller.Tenant, call.Caller.Plan, 1, ct);
        call.UsageWarning = share.Warning;
        var receipt = await store.StoreAsync(call.Caller.Tenant, bucket, memory, new StoreOptions(call.Caller.KeyId, MaxBuckets: share.BucketLimit), call.Timer, ct);
        share.Stored = receipt.Status == StoreStatus.Stored ? 1 : 0;
        usage.Count(call.Caller.Tenant, call.Caller.KeyId, call.Timer.RequestId, receipt.BucketId, UsageOperation.Store, share.Stored);
        var report = wait && receipt.Extraction == ExtractionState.Pending
            ? (await call.Client.WhileAsync(
                jobs.WaitAsync(call.Caller.Tenant, [receipt.MemoryId], LongestWait, ct), "Stored; extracting facts for the graph", LongestWait, ct))
                .GetValueOrDefault(receipt.MemoryId)
            : null;

        return ToolResult.Ok(
            call,
            new ReceiptResult(
                receipt.MemoryId, receipt.MemoryId, receipt.BucketName, receipt.TokenCount, Words.Of(receipt.Status), receipt.DedupedInto,
                receipt.Similarity is { } similarity ? Math.Round(similarity, 4) : null, receipt.MergeReason is { } reason ? Words.Of(reason) : null,
                new IndexState("ready", receipt.VectorPending ? "pending" : "ready", report is null ? Words.Of(receipt.Extraction) : Words.GraphState(report.State)),
                report is null ? null : ExtractionItem.Of(report), receipt.UndoToken),
            ToolJson.Wire.ReceiptResult);
    }

    private static DateTimeOffset? Time(ToolArguments arguments, string name)
    {
        if (arguments.Text(name, 64) is not { } text)
        {
            return null;
        }

        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
        {
            return time;
        }

        arguments.Complain($"'{name}' must be a date and time such as 2026-09-01T08:00:00Z.");
        return null;
    }
}
