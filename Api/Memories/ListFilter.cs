using System.Text.Json;
using System.Text.Json.Nodes;
using Engram.Api.Http;
using Engram.Engine.Memories;

namespace Engram.Api.Memories;

/// <summary>The filter of a list, which comes as JSON in the query string, together with the older <c>status</c> parameter.</summary>
internal static class ListFilter
{
    public static MemoryFilter? Parse(string? filter, string? status)
    {
        if (status is not (null or "stored" or "quarantined"))
            throw new ProblemException(Problems.Invalid("status", "Must be stored or quarantined."));
        var byStatus = status is null ? null : new JsonObject { ["status"] = status };
        try
        {
            var given = string.IsNullOrEmpty(filter) ? null : JsonNode.Parse(filter);
            JsonNode? both = given is not null && byStatus is not null ? new JsonObject { ["AND"] = new JsonArray(given, byStatus) } : given ?? byStatus;
            return both is null ? null : MemoryFilter.Parse(JsonSerializer.SerializeToElement(both, ApiJson.Wire.JsonNode));
        }
        catch (JsonException)
        {
            throw new ProblemException(Problems.Invalid("filter", "Must be a JSON object, URL-encoded, such as {\"user_id\":\"ann\"}."));
        }
    }
}
