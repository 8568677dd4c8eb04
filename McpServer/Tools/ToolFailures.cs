using System.Text.Json;
using Engram.Engine;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tools;

/// <summary>The engine's typed failures in words a model can act on: what was wrong, and which tool or argument helps.</summary>
internal static class ToolFailures
{
    public static CallToolResult Of(EngramException failure, IDictionary<string, JsonElement>? arguments) => failure.Kind switch
    {
        FailureKind.BucketNotFound => ToolResult.Error("bucket_not_found",
            $"There is no bucket {Named(arguments)}. Call list_buckets to see which there are; store_memory makes a bucket of a new name."),
        FailureKind.MemoryNotFound => ToolResult.Error("memory_not_found",
            $"There is no memory with this id in bucket {Named(arguments)}. Take ids and bucket names from search_memories or list_memories; " +
            "it may have been deleted already."),
        FailureKind.Conflict => ToolResult.Error("conflict", failure.Message),
        FailureKind.IdempotencyConflict => ToolResult.Error("idempotency_conflict", failure.Message),
        FailureKind.PayloadTooLarge => ToolResult.Error("payload_too_large", failure.Message),
        FailureKind.QuotaExceeded => ToolResult.Error("quota_exceeded", $"{failure.Message} Tell the user; trying again does not help."),
        _ => ToolResult.Error("invalid_request", failure.Message),
    };

    private static string Named(IDictionary<string, JsonElement>? arguments)
    {
        if (arguments is not null && arguments.TryGetValue("buckets", out var several) && several.ValueKind == JsonValueKind.Array)
        {
            return $"of one of these names: {string.Join(", ", several.EnumerateArray().Select(bucket => $"'{bucket}'"))}";
        }

        return arguments is not null && arguments.TryGetValue("bucket", out var one) ? $"'{one}'" : "'default'";
    }
}
