using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engram.Engine.Providers;

/// <summary>
/// Puts right, before the SDK reads it, what servers that call themselves compatible write differently from OpenAI and the SDK refuses: other
/// words for why a reply ended, empty roles, broken times. Meaning is never changed: a reason that is not known to be harmless stays, and
/// makes the reply malformed.
/// </summary>
internal static class ReplyRepair
{
    private static readonly Dictionary<string, string> Reasons = new(StringComparer.OrdinalIgnoreCase)
    {
        ["stop"] = "stop",
        ["eos"] = "stop",
        ["eos_token"] = "stop",
        ["end_turn"] = "stop",
        ["stop_sequence"] = "stop",
        ["complete"] = "stop",
        ["completed"] = "stop",
        ["length"] = "length",
        ["max_tokens"] = "length",
        ["model_length"] = "length",
        ["content_filter"] = "content_filter",
        ["safety"] = "content_filter",
    };

    /// <summary>The same JSON as the SDK expects it, or what was given where that is no JSON object.</summary>
    /// <param name="json">A whole reply, or one piece of a streamed one.</param>
    public static string Repair(string json)
    {
        try
        {
            if (JsonNode.Parse(json) is not JsonObject reply)
            {
                return json;
            }

            return Repair(reply) ? reply.ToJsonString() : json;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            return json; // Not JSON, or a property twice: the SDK says what it thinks of it.
        }
    }

    private static bool Repair(JsonObject reply)
    {
        var changed = RepairTime(reply);
        foreach (var choice in (reply["choices"] as JsonArray ?? []).OfType<JsonObject>())
        {
            var whole = choice["message"] is JsonObject;
            changed |= RepairReason(choice, whole);
            changed |= (choice["message"] ?? choice["delta"]) is JsonObject message && RepairRole(message, whole);
        }

        return changed;
    }

    private static bool RepairTime(JsonObject reply)
    {
        if (reply["created"] is not JsonValue created || created.TryGetValue<long>(out _))
        {
            return false;
        }

        reply["created"] = created.TryGetValue<double>(out var seconds) && seconds is >= 0 and < 1e11 ? (long)seconds : 0;
        return true;
    }

    /// <summary>In a piece of a stream, no reason yet is null; in a whole reply there must be one.</summary>
    private static bool RepairReason(JsonObject choice, bool whole)
    {
        var reason = choice["finish_reason"] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
        var repaired = string.IsNullOrEmpty(reason) ? whole ? "stop" : null : Reasons.GetValueOrDefault(reason, reason);
        if (repaired == reason)
        {
            return false;
        }

        choice["finish_reason"] = repaired;
        return true;
    }

    private static bool RepairRole(JsonObject message, bool whole)
    {
        if (!message.TryGetPropertyValue("role", out var role) ? !whole : role is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0)
        {
            return false;
        }

        message["role"] = "assistant";
        return true;
    }
}
