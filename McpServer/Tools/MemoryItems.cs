using System.Text.Json;
using Engram.Engine.Memories;
using Engram.Engine.Recall;

namespace Engram.McpServer.Tools;

/// <summary>
/// Makes the memories of one result, keeping the whole within what fits a model's context: the first ones are given in full, and what
/// exceeds the budget is cut and says so, since get_memory returns the rest.
/// </summary>
internal static class MemoryItems
{
    /// <summary>Some 6,000 tokens of English.</summary>
    private const int BudgetCharacters = 24_000;

    /// <summary>However full the budget is, a memory shows this much of itself.</summary>
    private const int LeastCharacters = 200;

    public static IReadOnlyList<MemoryItem> Of(IReadOnlyList<RecallHit> hits)
    {
        var left = BudgetCharacters;
        return [.. hits.Select(hit => Of(hit.Memory, hit.BucketName, Math.Round(hit.WeightedScore, 4), ref left))];
    }

    public static IReadOnlyList<MemoryItem> Of(IReadOnlyList<Memory> memories, string bucketName)
    {
        var left = BudgetCharacters;
        var items = new MemoryItem[memories.Count];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = Of(memories[i], bucketName, score: null, ref left);
        }

        return items;
    }

    public static IReadOnlyList<FactItem>? Of(IReadOnlyList<GraphFact> facts) => facts.Count == 0
        ? null
        : [.. facts.Select(fact => new FactItem(
            fact.Subject, fact.Predicate, fact.Object, fact.Negated ? true : null, fact.Superseded ? true : null, fact.MemoryId, fact.BucketName,
            fact.Depth, fact.Timestamp))];

    public static JsonElement? NonEmpty(JsonElement metadata) =>
        metadata.ValueKind == JsonValueKind.Object && metadata.EnumerateObject().MoveNext() ? metadata : null;

    public static IReadOnlyList<string>? NonEmpty(IReadOnlyList<string> items) => items.Count > 0 ? items : null;

    private static MemoryItem Of(Memory memory, string bucketName, double? score, ref int left)
    {
        var content = Cut(memory.Content, Math.Max(left, LeastCharacters));
        left -= content.Length;
        return new MemoryItem(
            memory.Id, bucketName, content, content.Length < memory.Content.Length ? true : null, score, memory.OccurredAt, memory.CreatedAt,
            memory.UserId, NonEmpty(memory.Categories), NonEmpty(memory.Metadata));
    }

    private static string Cut(string text, int length)
    {
        if (text.Length <= length)
        {
            return text;
        }

        // Never through the middle of a surrogate pair.
        return char.IsHighSurrogate(text[length - 1]) ? text[..(length - 1)] : text[..length];
    }
}
