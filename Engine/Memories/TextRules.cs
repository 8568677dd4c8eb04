using System.Text.Json;

namespace Engram.Engine.Memories;

/// <summary>What any text must be for PostgreSQL and UTF-8 to hold it, told by field before anything is sent.</summary>
internal static class TextRules
{
    public static void Check(string field, string? value, int maxCharacters)
    {
        if (value is null)
            return;
        if (value.Length > maxCharacters)
            throw EngramException.Invalid(field, $"{field} has {value.Length} characters; the limit is {maxCharacters}.");
        CheckCharacters(field, value);
    }

    public static void CheckCharacters(string field, string value)
    {
        for (var i = 0; i < value.Length; i++)
        {
            var c = value[i];
            if (c == '\0')
                throw EngramException.Invalid(field, $"{field} contains a NUL character at position {i}, which cannot be stored. Remove it.");
            if (!char.IsSurrogate(c))
                continue;
            if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
            {
                i++;
                continue;
            }

            throw EngramException.Invalid(field, $"{field} contains half of a surrogate pair at position {i}: it is not valid Unicode. Send it as UTF-8.");
        }
    }

    /// <summary>Walks a JSON value: its names and strings must be storable, its nesting bounded.</summary>
    public static void CheckJson(string field, JsonElement value, int depthLeft = 16)
    {
        if (depthLeft == 0)
            throw EngramException.Invalid(field, $"{field} is nested more than 16 levels deep.");
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                {
                    CheckCharacters(field, NameOf(field, property));
                    CheckJson($"{field}.{property.Name}", property.Value, depthLeft - 1);
                }

                break;
            case JsonValueKind.Array:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                    CheckJson($"{field}[{index++}]", item, depthLeft - 1);
                break;
            case JsonValueKind.String:
                CheckCharacters(field, StringOf(field, value));
                break;
            default:
                break;
        }
    }

    // System.Text.Json refuses to decode an escaped lone surrogate with an exception of its own.
    private static string NameOf(string field, JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode(field);
        }
    }

    private static string StringOf(string field, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw NotUnicode(field);
        }
    }

    private static EngramException NotUnicode(string field) =>
        EngramException.Invalid(field, $"{field} contains half of a surrogate pair: it is not valid Unicode. Send it as UTF-8.");
}
