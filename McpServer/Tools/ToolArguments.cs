using System.Text.Json;

namespace Engram.McpServer.Tools;

/// <summary>
/// Reads a tool's arguments and keeps everything that is wrong with them, so that a model is told all of it at once, by name, with what
/// to send instead. A reader returns its default after a complaint; check <see cref="Complaints"/> before using what was read.
/// </summary>
internal sealed class ToolArguments(IDictionary<string, JsonElement>? values)
{
    private List<string>? _complaints;

    public IReadOnlyList<string> Complaints => _complaints ?? [];

    public bool Invalid => _complaints is not null;

    /// <summary>Complains about arguments the tool does not have: a misspelt one would otherwise be ignored in silence.</summary>
    public void RejectUnknown(IReadOnlyList<string> known)
    {
        if (values is null)
        {
            return;
        }

        foreach (var name in values.Keys)
        {
            if (!known.Contains(name))
            {
                Complain($"'{name}' is not an argument of this tool; it takes: {(known.Count == 0 ? "none" : string.Join(", ", known))}.");
            }
        }
    }

    public bool Has(string name) => values is not null && values.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null;

    public string RequiredText(string name, int maxLength)
    {
        if (!Has(name))
        {
            Complain($"'{name}' is required: send a string of 1 to {maxLength} characters.");
            return "";
        }

        return Text(name, maxLength) ?? "";
    }

    public string? Text(string name, int maxLength)
    {
        if (!Has(name))
        {
            return null;
        }

        var value = values![name];
        if (value.ValueKind != JsonValueKind.String)
        {
            Complain($"'{name}' must be a string, not {Kind(value)}.");
            return null;
        }

        var text = value.GetString()!;
        if (string.IsNullOrWhiteSpace(text) || text.Length > maxLength)
        {
            Complain($"'{name}' must have 1 to {maxLength} characters and not be blank; it has {text.Length}.");
            return null;
        }

        if (text.Contains('\0'))
        {
            Complain($"'{name}' contains a NUL character, which cannot be stored; remove it.");
            return null;
        }

        return text;
    }

    public Guid RequiredId(string name)
    {
        if (Text(name, 100) is { } text)
        {
            if (Guid.TryParse(text, out var id))
            {
                return id;
            }

            Complain($"'{name}' must be a memory id (a UUID) as list_memories and search_memories return it, not '{Shorten(text)}'.");
        }
        else if (!Has(name))
        {
            Complain($"'{name}' is required: send a memory id (a UUID) as list_memories and search_memories return it.");
        }

        return Guid.Empty;
    }

    public int Integer(string name, int fallback, int min, int max)
    {
        if (!Has(name))
        {
            return fallback;
        }

        var value = values![name];
        // 5.0 is the integer 5 in JSON Schema.
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number == Math.Floor(number)
            && number >= min && number <= max)
        {
            return (int)number;
        }

        Complain($"'{name}' must be an integer from {min} to {max}, not {(value.ValueKind == JsonValueKind.Number ? value.GetRawText() : Kind(value))}.");
        return fallback;
    }

    public bool Flag(string name, bool fallback)
    {
        if (!Has(name))
        {
            return fallback;
        }

        switch (values![name].ValueKind)
        {
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            default:
                Complain($"'{name}' must be true or false, not {Kind(values[name])}.");
                return fallback;
        }
    }

    public string? Choice(string name, IReadOnlyList<string> allowed)
    {
        if (Text(name, 100) is not { } text)
        {
            return null;
        }

        if (allowed.Contains(text))
        {
            return text;
        }

        Complain($"'{name}' must be one of {string.Join(", ", allowed)}, not '{Shorten(text)}'.");
        return null;
    }

    public JsonElement? Object(string name)
    {
        if (!Has(name))
        {
            return null;
        }

        if (values![name].ValueKind == JsonValueKind.Object)
        {
            return values[name];
        }

        Complain($"'{name}' must be a JSON object, not {Kind(values[name])}.");
        return null;
    }

    public IReadOnlyList<string>? TextList(string name, int maxItems, int maxLength)
    {
        if (!Has(name))
        {
            return null;
        }

        var value = values![name];
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 || value.GetArrayLength() > maxItems
            || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String || item.GetString() is { Length: 0 }
                || item.GetString()!.Length > maxLength))
        {
            Complain($"'{name}' must be an array of 1 to {maxItems} strings of 1 to {maxLength} characters each.");
            return null;
        }

        return [.. value.EnumerateArray().Select(item => item.GetString()!).Distinct()];
    }

    public void Complain(string message) => (_complaints ??= []).Add(message);

    private static string Shorten(string text) => text.Length <= 60 ? text : string.Concat(text.AsSpan(0, 60), "...");

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        _ => "null",
    };
}
