using System.Text.Json;

namespace Engram.Engine.Memories;

/// <summary>How a field is compared.</summary>
internal enum FilterOperator
{
    Eq,
    Ne,
    In,
    Gt,
    Gte,
    Lt,
    Lte,
    Contains,
    Icontains,
}

/// <summary>
/// A condition on memories: comparisons in AND, OR and NOT groups. It holds in every arm of retrieval and in lists. An object with several
/// entries means all of them: <c>{"user_id": "ann", "metadata.score": {"gte": 3}, "NOT": [{"categories": {"contains": "draft"}}]}</c>.
/// </summary>
public abstract record MemoryFilter
{
    /// <summary>Deepest nesting of groups.</summary>
    public const int MaxDepth = 8;

    /// <summary>Most comparisons in one filter.</summary>
    public const int MaxComparisons = 64;

    private MemoryFilter()
    {
    }

    /// <summary>Reads a filter.</summary>
    /// <param name="json">An object; undefined or null means no filter.</param>
    /// <returns>The filter, or null where everything matches.</returns>
    /// <exception cref="EngramException">It names an unknown field or operator, or a value of the wrong type; the field says where.</exception>
    public static MemoryFilter? Parse(JsonElement json)
    {
        if (json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return null;
        TextRules.CheckJson("filters", json, MaxDepth * 2);
        var comparisons = 0;
        return MemoryFilterParser.Parse(json, "filters", MaxDepth, ref comparisons);
    }

    internal sealed record All(IReadOnlyList<MemoryFilter> Parts) : MemoryFilter;

    internal sealed record Any(IReadOnlyList<MemoryFilter> Parts) : MemoryFilter;

    internal sealed record Not(MemoryFilter Part) : MemoryFilter;

    internal sealed record TextComparison(string Column, FilterOperator Operator, string[] Values) : MemoryFilter;

    internal sealed record LabelComparison(FilterOperator Operator, string[] Values) : MemoryFilter;

    internal sealed record TimeComparison(string Column, FilterOperator Operator, DateTimeOffset[] Values) : MemoryFilter;

    internal sealed record MetadataComparison(string[] Path, FilterOperator Operator, JsonElement[] Values) : MemoryFilter;
}
