using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Engram.Engine.Prompts;

/// <summary>What is wrong at one place.</summary>
/// <param name="Path">Where: <c>$</c>, <c>$.items[3].name</c>.</param>
/// <param name="Message">What, in one sentence. Never holds the value.</param>
public sealed record SchemaError(string Path, string Message);

/// <summary>
/// Checks values against the part of JSON Schema that providers accept for replies: type, enum, const, properties, required,
/// additionalProperties, items, sizes and bounds, pattern, anyOf, oneOf, allOf, not, and $ref into its own $defs. A schema with another assertion
/// is refused when it is read, rather than silently not enforced.
/// </summary>
public sealed class JsonSchemaCheck
{
    private const int MaxDepth = 24;
    private const int MaxErrors = 20;
    private const int MaxNodes = 2_000;

    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "type", "enum", "const", "properties", "required", "additionalProperties", "items", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength",
        "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minProperties", "maxProperties", "anyOf", "oneOf", "allOf", "not",
        "$ref", "$defs", "definitions",
        // Annotations assert nothing.
        "$schema", "$id", "$comment", "title", "description", "default", "examples", "format", "deprecated", "readOnly", "writeOnly", "nullable",
    };

    private static readonly HashSet<string> Types = new(StringComparer.Ordinal) { "object", "array", "string", "number", "integer", "boolean", "null" };

    private readonly JsonElement _root;
    private readonly Dictionary<string, Regex> _patterns = new(StringComparer.Ordinal);

    private JsonSchemaCheck(JsonElement root) => _root = root;

    /// <summary>Reads a schema.</summary>
    /// <param name="schema">An object.</param>
    /// <param name="check">The check, or null.</param>
    /// <param name="errors">What is wrong with the schema.</param>
    public static bool TryCreate(JsonElement schema, out JsonSchemaCheck? check, out IReadOnlyList<SchemaError> errors)
    {
        var made = new JsonSchemaCheck(schema.Clone());
        var found = new Findings();
        var nodes = 0;
        made.Read(made._root, "$", 0, ref nodes, found);
        errors = found;
        check = found.Count == 0 ? made : null;
        return check is not null;
    }

    /// <summary>Reads a schema of our own.</summary>
    internal static JsonSchemaCheck Of(JsonElement schema) =>
        TryCreate(schema, out var check, out var errors) ? check! : throw new InvalidOperationException($"{errors[0].Path}: {errors[0].Message}");

    /// <summary>What is wrong with a value; empty where nothing is. At most 20.</summary>
    /// <param name="value">The value.</param>
    public IReadOnlyList<SchemaError> Check(JsonElement value)
    {
        var errors = new Findings();
        Check(_root, value, "$", 0, errors);
        return errors;
    }

    private void Read(JsonElement schema, string path, int depth, ref int nodes, Findings errors)
    {
        if (++nodes > MaxNodes || depth > MaxDepth)
        {
            if (errors.Count == 0)
                errors.Add(new(path, $"The schema is larger than {MaxNodes} nodes or deeper than {MaxDepth}."));
            return;
        }

        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return;
        if (schema.ValueKind != JsonValueKind.Object)
        {
            errors.Add(new(path, "Must be an object, true or false."));
            return;
        }

        foreach (var keyword in schema.EnumerateObject())
        {
            if (!Known.Contains(keyword.Name))
                errors.Add(new($"{path}.{Short(keyword.Name)}", "Is not supported here; this server would not enforce it."));
            else
                ReadKeyword(keyword.Name, keyword.Value, $"{path}.{keyword.Name}", depth, ref nodes, errors);
        }
    }

    private void ReadKeyword(string name, JsonElement value, string path, int depth, ref int nodes, Findings errors)
    {
        switch (name)
        {
            case "type" when !TypesOf(value).All(Types.Contains) || !TypesOf(value).Any():
                errors.Add(new(path, "Must be one of object, array, string, number, integer, boolean, null, or a list of them."));
                break;
            case "properties" or "$defs" or "definitions":
                if (value.ValueKind != JsonValueKind.Object)
                {
                    errors.Add(new(path, "Must be an object."));
                    break;
                }

                foreach (var property in value.EnumerateObject())
                    Read(property.Value, $"{path}.{Short(property.Name)}", depth + 1, ref nodes, errors);
                break;
            case "items" or "additionalProperties" or "not":
                Read(value, path, depth + 1, ref nodes, errors);
                break;
            case "anyOf" or "oneOf" or "allOf":
                if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() == 0)
                {
                    errors.Add(new(path, "Must be a list of schemas."));
                    break;
                }

                var index = 0;
                foreach (var option in value.EnumerateArray())
                    Read(option, $"{path}[{index++}]", depth + 1, ref nodes, errors);
                break;
            case "enum" or "required" when value.ValueKind != JsonValueKind.Array:
                errors.Add(new(path, "Must be a list."));
                break;
            case "required" when value.EnumerateArray().Any(n => n.ValueKind != JsonValueKind.String):
                errors.Add(new(path, "Must be a list of names."));
                break;
            case "pattern":
                ReadPattern(value, path, errors);
                break;
            case "$ref" when value.ValueKind != JsonValueKind.String || !TryResolve(value.GetString()!, out _):
                errors.Add(new(path, "Must point into this schema's own $defs, as in \"#/$defs/name\"."));
                break;
            case "minItems" or "maxItems" or "minLength" or "maxLength" or "minProperties" or "maxProperties" when !(value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var n) && n >= 0):
                errors.Add(new(path, "Must be a whole number from 0."));
                break;
            case "minimum" or "maximum" or "exclusiveMinimum" or "exclusiveMaximum" or "multipleOf" when value.ValueKind != JsonValueKind.Number || (name == "multipleOf" && value.GetDouble() <= 0):
                errors.Add(new(path, "Must be a number."));
                break;
        }
    }

    private void ReadPattern(JsonElement value, string path, Findings errors)
    {
        try
        {
            // Linear in the text whatever the pattern is: it comes from the caller.
            var pattern = value.GetString()!;
            _patterns[pattern] = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException or InvalidOperationException)
        {
            errors.Add(new(path, "Is not a regular expression without look-around and back-references."));
        }
    }

    private void Check(JsonElement schema, JsonElement value, string path, int depth, Findings errors)
    {
        if (errors.Count >= MaxErrors || !errors.Spend(path))
            return;
        if (schema.ValueKind == JsonValueKind.False || depth > 4 * MaxDepth)
        {
            errors.Add(new(path, depth > 4 * MaxDepth ? "Is nested too deep." : "Is not allowed."));
            return;
        }

        if (schema.ValueKind != JsonValueKind.Object)
            return;
        if (schema.TryGetProperty("$ref", out var reference) && TryResolve(reference.GetString()!, out var target))
            Check(target, value, path, depth + 1, errors);
        if (schema.TryGetProperty("type", out var type) && !TypesOf(type).Any(t => IsOf(value, t)))
        {
            errors.Add(new(path, $"Must be {string.Join(" or ", TypesOf(type))}, not {NameOf(value)}."));
            return;
        }

        if (schema.TryGetProperty("enum", out var choices) && !choices.EnumerateArray().Any(c => JsonElement.DeepEquals(c, value)))
            errors.Add(new(path, $"Must be one of {Short(choices.GetRawText(), 200)}."));
        if (schema.TryGetProperty("const", out var constant) && !JsonElement.DeepEquals(constant, value))
            errors.Add(new(path, $"Must be {Short(constant.GetRawText(), 200)}."));
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                CheckObject(schema, value, path, depth, errors);
                break;
            case JsonValueKind.Array:
                CheckArray(schema, value, path, depth, errors);
                break;
            case JsonValueKind.String:
                CheckText(schema, value.GetString()!, path, errors);
                break;
            case JsonValueKind.Number:
                CheckNumber(schema, value.GetDouble(), path, errors);
                break;
        }

        CheckCombinations(schema, value, path, depth, errors);
    }

    private void CheckObject(JsonElement schema, JsonElement value, string path, int depth, Findings errors)
    {
        if (schema.TryGetProperty("required", out var required))
        {
            foreach (var name in required.EnumerateArray().Select(n => n.GetString()!).Where(n => !value.TryGetProperty(n, out _)))
                errors.Add(new($"{path}.{name}", "Is required."));
        }

        var properties = schema.TryGetProperty("properties", out var declared) ? declared : default;
        var others = schema.TryGetProperty("additionalProperties", out var additional) ? additional : default;
        var count = 0;
        foreach (var property in value.EnumerateObject())
        {
            count++;
            var at = $"{path}.{Short(property.Name)}";
            if (properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty(property.Name, out var own))
                Check(own, property.Value, at, depth + 1, errors);
            else if (others.ValueKind != JsonValueKind.Undefined)
                Check(others, property.Value, at, depth + 1, errors);
        }

        Bound(schema, "minProperties", "maxProperties", count, path, "properties", errors);
    }

    private void CheckArray(JsonElement schema, JsonElement value, string path, int depth, Findings errors)
    {
        Bound(schema, "minItems", "maxItems", value.GetArrayLength(), path, "items", errors);
        if (schema.TryGetProperty("items", out var items))
        {
            var index = 0;
            foreach (var item in value.EnumerateArray())
                Check(items, item, string.Create(CultureInfo.InvariantCulture, $"{path}[{index++}]"), depth + 1, errors);
        }

        if (schema.TryGetProperty("uniqueItems", out var unique) && unique.ValueKind == JsonValueKind.True)
        {
            var all = value.EnumerateArray().ToArray();
            if (all.Where((item, i) => all.Take(i).Any(before => JsonElement.DeepEquals(before, item))).Any())
                errors.Add(new(path, "Must not hold the same item twice."));
        }
    }

    private void CheckText(JsonElement schema, string text, string path, Findings errors)
    {
        // JSON Schema counts code points.
        Bound(schema, "minLength", "maxLength", text.EnumerateRunes().Count(), path, "characters", errors);
        if (schema.TryGetProperty("pattern", out var pattern) && !_patterns[pattern.GetString()!].IsMatch(text))
            errors.Add(new(path, $"Must match {Short(pattern.GetString()!, 100)}."));
    }

    private static void CheckNumber(JsonElement schema, double number, string path, Findings errors)
    {
        if (Get("minimum") is { } least && number < least)
            errors.Add(new(path, $"Must be at least {least.ToString(CultureInfo.InvariantCulture)}."));
        if (Get("maximum") is { } most && number > most)
            errors.Add(new(path, $"Must be at most {most.ToString(CultureInfo.InvariantCulture)}."));
        if (Get("exclusiveMinimum") is { } above && number <= above)
            errors.Add(new(path, $"Must be more than {above.ToString(CultureInfo.InvariantCulture)}."));
        if (Get("exclusiveMaximum") is { } below && number >= below)
            errors.Add(new(path, $"Must be less than {below.ToString(CultureInfo.InvariantCulture)}."));
        if (Get("multipleOf") is { } step && Math.Abs((number / step) - Math.Round(number / step)) > 1e-9)
            errors.Add(new(path, $"Must be a multiple of {step.ToString(CultureInfo.InvariantCulture)}."));

        double? Get(string name) => schema.TryGetProperty(name, out var value) ? value.GetDouble() : null;
    }

    private void CheckCombinations(JsonElement schema, JsonElement value, string path, int depth, Findings errors)
    {
        if (schema.TryGetProperty("allOf", out var all))
        {
            foreach (var part in all.EnumerateArray())
                Check(part, value, path, depth + 1, errors);
        }

        if (schema.TryGetProperty("anyOf", out var any) && !any.EnumerateArray().Any(option => Holds(option, value, depth, errors)))
            errors.Add(new(path, "Matches none of the alternatives."));
        if (schema.TryGetProperty("oneOf", out var one) && one.EnumerateArray().Count(option => Holds(option, value, depth, errors)) != 1)
            errors.Add(new(path, "Must match exactly one of the alternatives."));
        if (schema.TryGetProperty("not", out var not) && Holds(not, value, depth, errors))
            errors.Add(new(path, "Matches what is excluded."));
    }

    private bool Holds(JsonElement schema, JsonElement value, int depth, Findings outer)
    {
        var errors = new Findings { Steps = outer.Steps };
        Check(schema, value, "$", depth + 1, errors);
        outer.Steps = errors.Steps;
        return errors.Count == 0;
    }

    private static void Bound(JsonElement schema, string least, string most, int count, string path, string what, Findings errors)
    {
        if (schema.TryGetProperty(least, out var low) && count < low.GetInt32())
            errors.Add(new(path, $"Must have at least {low.GetInt32()} {what}."));
        if (schema.TryGetProperty(most, out var high) && count > high.GetInt32())
            errors.Add(new(path, $"Must have at most {high.GetInt32()} {what}."));
    }

    private bool TryResolve(string reference, out JsonElement target)
    {
        target = _root;
        if (!reference.StartsWith("#/$defs/", StringComparison.Ordinal) && !reference.StartsWith("#/definitions/", StringComparison.Ordinal))
            return false;
        foreach (var part in reference[1..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (target.ValueKind != JsonValueKind.Object || !target.TryGetProperty(part.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal), out target))
                return false;
        }

        return true;
    }

    private static IEnumerable<string> TypesOf(JsonElement type) => type.ValueKind switch
    {
        JsonValueKind.String => [type.GetString()!],
        JsonValueKind.Array => type.EnumerateArray().Select(t => t.ValueKind == JsonValueKind.String ? t.GetString()! : "?"),
        _ => [],
    };

    private static bool IsOf(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetDouble() is var n && n == Math.Floor(n),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => value.ValueKind == JsonValueKind.Null,
    };

    private static string NameOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Undefined => "absent",
        var kind => kind.ToString().ToLowerInvariant(),
    };

    /// <summary>What was found, and how much work it may still cost: alternatives that refer to themselves would double it at every level.</summary>
    private sealed class Findings : List<SchemaError>
    {
        private const int MaxSteps = 50_000;

        public int Steps { get; set; }

        public bool Spend(string path)
        {
            if (++Steps <= MaxSteps)
                return true;
            if (Count == 0)
                Add(new(path, "Takes too long to check against this schema."));
            return false;
        }
    }

    private static string Short(string text, int longest = 60) => text.Length <= longest ? text : string.Concat(text.AsSpan(0, longest), "...");
}
