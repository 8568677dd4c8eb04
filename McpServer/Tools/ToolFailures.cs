using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engram.Engine;
using Engram.Engine.Providers;
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
        FailureKind.ProviderKeyMissing => ToolResult.Error("provider_key_missing",
            $"{failure.Message} Tell the user; search_memories returns the memories without a model."),
        FailureKind.NotReady => ToolResult.Error("not_ready", failure.Message),
        FailureKind.RateLimited => ToolResult.Error("rate_limited", failure.Message),
        FailureKind.Busy => ToolResult.Error("not_ready", $"{failure.Message} Wait a second before you do."),
        _ => ToolResult.Error("invalid_request", failure.Message),
    };

    /// <summary>
    /// The account's own model provider failed. Said so that a model neither blames the memory nor repeats the call in vain; the particulars,
    /// as the HTTP API has them, are in <c>_meta</c>.
    /// </summary>
    public static CallToolResult Of(ProviderFault fault)
    {
        var result = ToolResult.Error(
            fault.Kind == ProviderFaultKind.Timeout ? "provider_timeout" : "provider_error",
            $"{fault.Sentence()} {fault.Hint} {Advice(fault)}");
        var provider = new JsonObject
        {
            ["name"] = fault.Provider,
            ["model"] = fault.Model,
            ["kind"] = ProviderFaultKinds.NameOf(fault.Kind),
            ["upstream_status"] = fault.UpstreamStatus,
            ["elapsed_ms"] = Math.Round(fault.ElapsedMs, 1),
            ["attempts"] = fault.Attempts,
            ["hint"] = fault.Hint,
        };
        if (fault.RetryAfter is { } wait)
        {
            provider["retry_after_seconds"] = Math.Max(1, Math.Ceiling(wait.TotalSeconds));
        }

        result.Meta!["engram/provider"] = provider;
        return result;
    }

    private static string Advice(ProviderFault fault) => fault.Kind switch
    {
        ProviderFaultKind.Auth or ProviderFaultKind.BadRequest =>
            "The memory itself works: tell the user, whose provider settings need a change; trying again does not help. search_memories needs no model.",
        ProviderFaultKind.RateLimited when fault.RetryAfter is { } wait =>
            $"The memory itself works: try again after {Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString("0", CultureInfo.InvariantCulture)} s, or call search_memories, which needs no model.",
        _ => "The memory itself works: call search_memories, which needs no model, or try again once later.",
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
