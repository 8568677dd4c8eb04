using System.Text.Json;
using Engram.Engine.Memories;
using Engram.Engine.Recall;

namespace Engram.McpServer.Tools;

/// <summary>
/// Makes the memories of one result, keeping the whole within what fits a model's context: where they do not fit, the short ones are given in full
/// and the long ones share what is left. What was cut says so and where get_memory goes on.
/// </summary>
internal static class MemoryItems
{
    /// <summary>Tokens of content in one result, however many memories it holds.</summary>
    private const int Budget = 6_000;

    /// <summary>However full the budget is, a memory shows this many tokens of itself.</summary>
    private const int Least = 50;

    /// <summary>What stands at the end of a text that goes on.</summary>
    private const string Marker = " [...]";

    public static IReadOnlyList<MemoryItem> Of(IReadOnlyList<RecallHit> hits)
    {
        var share = Share(hits, hit => hit.Memory.TokenCount);
        return [.. hits.Select(hit => Of(hit.Memory, hit.BucketName, Math.Round(hit.WeightedScore, 4), share))];
    }

    /// <summary>Memories of one bucket, which the result names once.</summary>
    public static IReadOnlyList<MemoryItem> Of(IReadOnlyList<Memory> memories)
    {
        var share = Share(memories, memory => memory.TokenCount);
        var items = new MemoryItem[memories.Count];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = Of(memories[i], bucketName: null, score: null, share);
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

    /// <summary>The part of a text that starts at a character and has at most so many tokens, by the text's own ratio of characters to tokens.</summary>
    /// <returns>The part, and where the rest starts; null where there is none.</returns>
    public static (string Part, int? NextFrom) Part(string text, int tokens, int from, int atMost)
    {
        var characters = tokens <= atMost ? text.Length : (int)((long)text.Length * atMost / tokens);
        var end = from + characters;
        if (end >= text.Length)
        {
            return (from == 0 ? text : text[from..], null);
        }

        // Between two words if one ends nearby, and never through the middle of a surrogate pair.
        var space = text.LastIndexOf(' ', end, Math.Min(40, characters));
        end = space > from ? space : char.IsHighSurrogate(text[end - 1]) ? end - 1 : end;
        return (string.Concat(text.AsSpan(from, end - from), Marker), end);
    }

    /// <summary>The largest number of tokens that every memory may have so that all of them stay within the budget.</summary>
    private static int Share<T>(IReadOnlyList<T> memories, Func<T, int> tokens)
    {
        var left = Budget;
        foreach (var memory in memories)
        {
            left -= tokens(memory);
        }

        if (left >= 0)
        {
            return int.MaxValue;
        }

        // The short ones leave their rest to the long ones.
        left = Budget;
        var counts = memories.Select(tokens).Order().ToArray();
        for (var i = 0; i < counts.Length; i++)
        {
            var share = left / (counts.Length - i);
            if (counts[i] > share)
            {
                return Math.Max(share, Least);
            }

            left -= counts[i];
        }

        return int.MaxValue;
    }

    private static MemoryItem Of(Memory memory, string? bucketName, double? score, int share)
    {
        var (content, next) = Part(memory.Content, memory.TokenCount, from: 0, share);
        return new MemoryItem(
            memory.Id, bucketName, content, next is null ? null : true, next, score, memory.OccurredAt,
            // Said and stored at once, as most are: one date tells it.
            (memory.CreatedAt - memory.OccurredAt).Duration() < TimeSpan.FromSeconds(1) ? null : memory.CreatedAt,
            memory.UserId, NonEmpty(memory.Categories), NonEmpty(memory.Metadata));
    }
}
