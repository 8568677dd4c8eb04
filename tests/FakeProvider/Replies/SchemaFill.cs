using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Engram.FakeProvider.Wire;

namespace Engram.FakeProvider.Replies;

/// <summary>Makes JSON of a given schema from named values; what the values do not say is filled with the plainest thing that the schema allows.</summary>
/// <param name="values">By property name, for the names it is asked for; null where it has nothing to say.</param>
/// <param name="fallback">The text for strings nothing is said about.</param>
internal sealed partial class SchemaFill(Func<string, JsonNode?> values, string fallback)
{
    public JsonNode? Fill(JsonObject schema, string name = "")
    {
        if (name.Length > 0 && values(name) is { } value && Fits(value, schema))
        {
            return value;
        }

        if (fallback.Length == 0 && IsNullable(schema))
        {
            return null;
        }

        if (schema["enum"] is JsonArray { Count: > 0 } choices)
        {
            return choices[0]?.DeepClone();
        }

        return TypeOf(schema) switch
        {
            "object" => new JsonObject((schema["properties"] as JsonObject ?? []).Select(property =>
                KeyValuePair.Create(property.Key, Fill(property.Value as JsonObject ?? [], property.Key)))),
            "array" => Fill(schema["items"] as JsonObject ?? [], name) is { } item && (schema["minItems"] is not null || IsText(schema)) ? new JsonArray(item) : new JsonArray(),
            "integer" => (long)Number(),
            "number" => Number(),
            "boolean" => true,
            "null" => null,
            _ => fallback,
        };
    }

    private double Number() =>
        FirstNumber().Match(fallback) is { Success: true } match ? double.Parse(match.Value, CultureInfo.InvariantCulture) : 0;

    private static bool IsText(JsonObject array) => array["items"] is JsonObject items && TypeOf(items) == "string";

    private static bool Fits(JsonNode value, JsonObject schema) =>
        (schema["enum"] is not JsonArray choices || choices.Any(choice => JsonNode.DeepEquals(choice, value))) && (value, TypeOf(schema)) switch
        {
            (JsonArray, var type) => type == "array",
            (JsonObject, var type) => type == "object",
            (JsonValue text, "string") => text.Text() is not null,
            (JsonValue number, "integer" or "number") => number.Text() is null && !number.TryGetValue<bool>(out _),
            (JsonValue flag, "boolean") => flag.TryGetValue<bool>(out _),
            _ => false,
        };

    private static bool IsNullable(JsonObject schema) =>
        (schema["type"] is JsonArray types && types.Any(type => type.Text() == "null")) ||
        (schema["anyOf"] is JsonArray options && options.Any(option => option?["type"].Text() == "null"));

    /// <summary>The first type that is not null; unions of types and of schemas both occur.</summary>
    private static string? TypeOf(JsonObject schema) => schema["type"] switch
    {
        JsonArray several => several.Select(type => type.Text()).FirstOrDefault(type => type != "null"),
        JsonValue one => one.Text(),
        _ when schema["anyOf"] is JsonArray options => options.OfType<JsonObject>().Select(TypeOf).FirstOrDefault(type => type != "null"),
        _ => schema["properties"] is null ? null : "object",
    };

    [GeneratedRegex(@"-?\d+(\.\d+)?")]
    private static partial Regex FirstNumber();
}
