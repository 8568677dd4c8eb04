using System.Text.Json;

namespace Engram.Engine.Providers;

/// <summary>
/// Whether a JSON schema may be asked for strictly. OpenAI constrains a reply to it only then, and refuses the request unless every object
/// closes itself (<c>additionalProperties: false</c>) and requires each of its properties.
/// </summary>
internal static class StrictSchema
{
    public static bool Fits(JsonElement schema) => schema.ValueKind switch
    {
        JsonValueKind.Object => (!IsObjectSchema(schema) || IsClosed(schema)) && schema.EnumerateObject().All(property => Fits(property.Value)),
        JsonValueKind.Array => schema.EnumerateArray().All(Fits),
        _ => true,
    };

    private static bool IsObjectSchema(JsonElement schema) =>
        schema.TryGetProperty("type", out var type) && (type.ValueKind switch
        {
            JsonValueKind.String => type.ValueEquals("object"),
            JsonValueKind.Array => type.EnumerateArray().Any(one => one.ValueEquals("object")),
            _ => false,
        });

    private static bool IsClosed(JsonElement schema)
    {
        if (!schema.TryGetProperty("additionalProperties", out var more) || more.ValueKind != JsonValueKind.False
            || !schema.TryGetProperty("properties", out var properties))
        {
            return false;
        }

        var required = schema.TryGetProperty("required", out var names) && names.ValueKind == JsonValueKind.Array
            ? names.EnumerateArray().Select(name => name.GetString()).ToHashSet(StringComparer.Ordinal)
            : [];
        return properties.EnumerateObject().All(property => required.Contains(property.Name));
    }
}
