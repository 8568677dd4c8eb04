using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;

namespace Engram.Api.Http;

/// <summary>
/// Finds text that JSON can say and PostgreSQL cannot hold: the NUL character, lone surrogates, bytes that are not UTF-8. Looks at the raw
/// bytes and decodes only what is escaped, so that a long memory is not copied for it.
/// </summary>
internal static class JsonText
{
    /// <summary>False, with an error added, if <paramref name="value"/> is a string with such text.</summary>
    public static bool CheckValue(JsonElement value, string path, List<FieldError> errors) =>
        value.ValueKind != JsonValueKind.String || Check(JsonMarshal.GetRawUtf8Value(value), path, errors, value.GetString);

    /// <summary>The same for a property's name.</summary>
    public static bool CheckName(JsonProperty property, string path, List<FieldError> errors) =>
        Check(JsonMarshal.GetRawUtf8PropertyName(property), path.Length == 0 ? "body" : path, errors, () => property.Name);

    /// <summary>The same for every name and string inside <paramref name="value"/>.</summary>
    public static void CheckTree(JsonElement value, string path, List<FieldError> errors)
    {
        if (errors.Count > 0 || !CheckValue(value, path, errors))
            return;
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in value.EnumerateObject())
            {
                if (CheckName(property, path, errors))
                    CheckTree(property.Value, $"{path}.{property.Name}", errors);
            }
        }
        else if (value.ValueKind == JsonValueKind.Array)
        {
            var index = 0;
            foreach (var item in value.EnumerateArray())
                CheckTree(item, $"{path}[{index++}]", errors);
        }
    }

    private static bool Check(ReadOnlySpan<byte> raw, string path, List<FieldError> errors, Func<string?> decode)
    {
        var message = Utf8.IsValid(raw) ? CheckEscapes(raw, decode) : "Is not valid UTF-8.";
        if (message is null)
            return true;
        errors.Add(new FieldError(path.Length == 0 ? "body" : path, message));
        return false;
    }

    private static string? CheckEscapes(ReadOnlySpan<byte> raw, Func<string?> decode)
    {
        if (raw.IndexOf("\\u"u8) < 0)
            return null;
        try
        {
            return decode()!.Contains('\0') ? "Must not contain the NUL character (\\u0000)." : null;
        }
        catch (InvalidOperationException)
        {
            return "Contains half of a surrogate pair, which is not valid Unicode text.";
        }
    }
}
