using Engram.Engine.Keys;
using Engram.Engine.Memories;
using Engram.Engine.Usage;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>Empties a bucket, after saying what that would delete.</summary>
internal sealed class ClearMemoriesTool(MemoryRemoval removal, UsageMeter usage, BucketArguments buckets) : EngramTool(Define(
    "clear_memories",
    "Clear a bucket",
    "Delete every memory of one bucket. Call it only when the user explicitly asks to forget everything in it. Call it first without confirm: " +
    "nothing is deleted and you learn how many memories it would be; tell the user, and only with their consent call it again with confirm true. " +
    "Where the application can, it then asks the user itself. " +
    "It cannot be undone. To forget single memories use delete_memory.",
    """
    {"type": "object", "properties": {
      "bucket": {"type": "string", "minLength": 1, "maxLength": 128, "description": "Name of the bucket to empty; it has to be named.", "examples": ["work"]},
      "confirm": {"type": "boolean", "default": false, "description": "true deletes; otherwise it is only counted."}},
      "required": ["bucket"], "additionalProperties": false}
    """,
    """
    {"type": "object", "properties": {
      "bucket_name": {"type": "string"}, "cleared": {"type": "boolean"}, "memory_count": {"type": "integer"}, "next": {"type": "string"}},
      "required": ["bucket_name", "cleared", "memory_count"]}
    """,
    readOnly: false, destructive: true, idempotent: true))
{
    private const string Consent = "consent";

    public override Scopes Scope => Scopes.MemoriesDelete;

    public override async ValueTask<CallToolResult?> RunAsync(McpCall call, ToolArguments arguments, CancellationToken ct)
    {
        if (!arguments.Has("bucket"))
        {
            arguments.Complain("'bucket' is required here: send the name of the bucket to empty.");
        }

        var bucket = await buckets.OneAsync(call, arguments, ct);
        var confirmed = arguments.Flag("confirm", false);
        if (arguments.Invalid)
        {
            return null;
        }

        if (confirmed && call.Client.CanBeAsked)
        {
            // The model says that the user agreed; where the user can be asked, the user says so.
            if (call.Client.Answer(Consent) is not { } agreed)
            {
                var found = await removal.ClearAsync(call.Caller.Tenant, bucket, dryRun: true, call.Timer, ct);
                throw WaitingClient.Ask(Consent, $"Delete all {found} memories of the bucket \"{bucket}\"? This cannot be undone.", $"Delete {found} memories");
            }

            if (!agreed)
            {
                return ToolResult.Error("declined", "The user was asked and did not agree: nothing was deleted. Do not call this again unless they ask for it.");
            }
        }

        var count = await removal.ClearAsync(call.Caller.Tenant, bucket, dryRun: !confirmed, call.Timer, ct);
        if (confirmed)
        {
            usage.Count(call.Caller.Tenant, call.Caller.KeyId, call.Timer.RequestId, null, UsageOperation.Delete, count);
        }

        var next = confirmed ? null : $"Nothing was deleted. Ask the user; with their consent call clear_memories again with confirm true to delete {count} memories.";
        return ToolResult.Ok(call, new ClearResult(bucket, confirmed, count, next), ToolJson.Wire.ClearResult);
    }
}
