using System.Globalization;
using System.Text.Json;

namespace Engram.Engine.Memories;

/// <summary>Reads the wire form of a filter. Every refusal names the place and what is allowed there.</summary>
internal static class MemoryFilterParser
{
    private const string Fields = "user_id, agent_id, run_id, status, language, categories, created_at, updated_at, occurred_at, metadata.<key>";
    private const string Operators = "eq, ne, in, gt, gte, lt, lte, contains, icontains";

    private static readonly string[] TextFields = ["user_id", "agent_id", "run_id", "status", "language"];
    private static readonly string[] TimeFields = ["created_at", "updated_at", "occurred_at"];

    public static MemoryFilter? Parse(JsonElement json, string at, int depthLeft, ref int comparisons)
    {
        if (json.ValueKind != JsonValueKind.Object)
            throw EngramException.Invalid(at, $"{at} must be an object such as {{\"user_id\": \"ann\"}}.");
        if (depthLeft == 0)
            throw EngramException.Invalid(at, $"Filters nest at most {MemoryFilter.MaxDepth} levels deep.");
        var parts = new List<MemoryFilter>();
        foreach (var property in json.EnumerateObject())
        {
            var here = $"{at}.{property.Name}";
            switch (property.Name.ToUpperInvariant())
            {
                case "AND":
                    parts.Add(new MemoryFilter.All(ParseGroup(property.Value, here, depthLeft, ref comparisons)));
                    break;
                case "OR":
                    parts.Add(new MemoryFilter.Any(ParseGroup(property.Value, here, depthLeft, ref comparisons)));
                    break;
                case "NOT":
                    parts.Add(new MemoryFilter.Not(new MemoryFilter.Any(ParseGroup(property.Value, here, depthLeft, ref comparisons))));
                    break;
                default:
                    ParseField(property, here, parts, ref comparisons);
                    break;
            }
        }

        return parts.Count switch { 0 => null, 1 => parts[0], _ => new MemoryFilter.All(parts) };
    }

    private static List<MemoryFilter> ParseGroup(JsonElement json, string at, int depthLeft, ref int comparisons)
    {
        var parts = new List<MemoryFilter>();
        if (json.ValueKind == JsonValueKind.Object)
        {
            if (Parse(json, at, depthLeft - 1, ref comparisons) is { } only)
                parts.Add(only);
        }
        else if (json.ValueKind == JsonValueKind.Array)
        {
            var i = 0;
            foreach (var item in json.EnumerateArray())
            {
                if (Parse(item, $"{at}[{i++}]", depthLeft - 1, ref comparisons) is { } part)
                    parts.Add(part);
            }
        }

        return parts.Count > 0 ? parts : throw EngramException.Invalid(at, $"{at} must be a list of at least one condition.");
    }

    private static void ParseField(JsonProperty property, string at, List<MemoryFilter> parts, ref int comparisons)
    {
        var value = property.Value;
        if (value.ValueKind != JsonValueKind.Object)
        {
            Add(property.Name, value.ValueKind == JsonValueKind.Array ? FilterOperator.In : FilterOperator.Eq, value, at, parts, ref comparisons);
            return;
        }

        var any = false;
        foreach (var comparison in value.EnumerateObject())
        {
            if (!Enum.TryParse<FilterOperator>(comparison.Name, ignoreCase: true, out var op) || int.TryParse(comparison.Name, out _))
                throw EngramException.Invalid($"{at}.{comparison.Name}", $"Unknown operator '{comparison.Name}' in {at}. Operators: {Operators}.");
            Add(property.Name, op, comparison.Value, $"{at}.{comparison.Name}", parts, ref comparisons);
            any = true;
        }

        if (!any)
            throw EngramException.Invalid(at, $"{at} has no operator. Operators: {Operators}.");
    }

    private static void Add(string field, FilterOperator op, JsonElement value, string at, List<MemoryFilter> parts, ref int comparisons)
    {
        if (++comparisons > MemoryFilter.MaxComparisons)
            throw EngramException.Invalid("filters", $"A filter holds at most {MemoryFilter.MaxComparisons} comparisons.");
        var values = ValuesOf(op, value, at);
        if (TextFields.Contains(field, StringComparer.Ordinal))
            parts.Add(new MemoryFilter.TextComparison(field, op, Array.ConvertAll(values, v => TextOf(v, at))));
        else if (field == "categories")
            parts.Add(LabelsOf(op, Array.ConvertAll(values, v => TextOf(v, at)), at));
        else if (TimeFields.Contains(field, StringComparer.Ordinal))
            parts.Add(TimesOf(field, op, values, at));
        else if (field.StartsWith("metadata.", StringComparison.Ordinal) && field.Length > "metadata.".Length)
            parts.Add(MetadataOf(field, op, values, at));
        else
            throw EngramException.Invalid(at, $"Unknown filter field '{field}'. Fields: {Fields}.");
    }

    private static JsonElement[] ValuesOf(FilterOperator op, JsonElement value, string at)
    {
        if (op != FilterOperator.In)
            return value.ValueKind is JsonValueKind.Object or JsonValueKind.Array ? throw EngramException.Invalid(at, $"{at} takes a single value.") : [value];
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 or > 256)
            throw EngramException.Invalid(at, $"{at} takes a list of 1 to 256 values.");
        return [.. value.EnumerateArray()];
    }

    private static string TextOf(JsonElement value, string at) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw EngramException.Invalid(at, $"{at} takes a string.");

    private static MemoryFilter.LabelComparison LabelsOf(FilterOperator op, string[] values, string at) =>
        op is FilterOperator.Eq or FilterOperator.Ne or FilterOperator.In or FilterOperator.Contains or FilterOperator.Icontains
            ? new MemoryFilter.LabelComparison(op, values)
            : throw EngramException.Invalid(at, $"{at}: categories are compared by eq, ne, in, contains or icontains.");

    private static MemoryFilter.TimeComparison TimesOf(string field, FilterOperator op, JsonElement[] values, string at)
    {
        if (op is FilterOperator.Contains or FilterOperator.Icontains)
            throw EngramException.Invalid(at, $"{at}: times are compared by eq, ne, in, gt, gte, lt or lte.");
        return new MemoryFilter.TimeComparison(field, op, Array.ConvertAll(values, v =>
            v.ValueKind == JsonValueKind.String
            && DateTimeOffset.TryParse(v.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
                ? time
                : throw EngramException.Invalid(at, $"{at} takes an RFC 3339 time such as 2026-01-31T00:00:00Z.")));
    }

    private static MemoryFilter.MetadataComparison MetadataOf(string field, FilterOperator op, JsonElement[] values, string at)
    {
        var ordered = op is FilterOperator.Gt or FilterOperator.Gte or FilterOperator.Lt or FilterOperator.Lte;
        if (ordered && values[0].ValueKind is not (JsonValueKind.Number or JsonValueKind.String))
            throw EngramException.Invalid(at, $"{at} takes a number or a string.");
        if (op is FilterOperator.Contains or FilterOperator.Icontains && values[0].ValueKind != JsonValueKind.String)
            throw EngramException.Invalid(at, $"{at} takes a string.");
        return new MemoryFilter.MetadataComparison(field["metadata.".Length..].Split('.'), op, values);
    }
}
