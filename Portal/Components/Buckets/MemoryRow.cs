using Engram.Portal.Client;

namespace Engram.Portal.Components.Buckets;

/// <summary>A memory in a list, however it was found.</summary>
/// <param name="Found">For a search: its score and its place in each arm's list.</param>
public sealed record MemoryRow(
    string Id, string Excerpt, string? Status, string? UserId, IReadOnlyList<string> Categories, DateTimeOffset? CreatedAt, string? Found,
    string? AgentId = null, string? Source = null, MemoryTraces? Traces = null)
{
    public const int ExcerptLength = 220;

    public static MemoryRow From(Memory memory) => new(
        memory.Id, Shorten(memory.Content), memory.Status, memory.UserId, memory.Categories ?? [], memory.CreatedAt, null, memory.AgentId, memory.Source, memory.Traces);

    public static MemoryRow From(RetrievedMemory memory) => new(
        memory.MemoryId, Shorten(memory.Content), null, null, [], null, Explain(memory));

    /// <summary>Cut at a word where there is one near, never inside a surrogate pair.</summary>
    public static string Shorten(string content)
    {
        if (content.Length <= ExcerptLength)
        {
            return content;
        }
        var space = content.LastIndexOf(' ', ExcerptLength - 1, ExcerptLength / 4);
        var end = space > 0 ? space : ExcerptLength;
        return content[..(char.IsHighSurrogate(content[end - 1]) ? end - 1 : end)].TrimEnd() + " …";
    }

    private static string Explain(RetrievedMemory memory)
    {
        var arms = new List<string>();
        Add("keyword", memory.Ranks?.Keyword);
        Add("vector", memory.Ranks?.Vector);
        Add("graph", memory.Ranks?.Graph);
        var score = FormattableString.Invariant($"{memory.WeightedScore ?? memory.RawScore ?? 0:0.000}");
        return arms.Count == 0 ? score : $"{score} ({string.Join(", ", arms)})";

        void Add(string arm, int? rank)
        {
            if (rank is { } place)
            {
                arms.Add(FormattableString.Invariant($"{arm} #{place}"));
            }
        }
    }
}

/// <summary>What the memories page shows: the rows, and how many there are in all where the Api says it.</summary>
public sealed record MemoryRows(IReadOnlyList<MemoryRow> Rows, long? Total, IReadOnlyList<string> Warnings)
{
    public static MemoryRows From(MemoryList page) => new([.. page.Memories.Select(MemoryRow.From)], page.Total, []);

    public static MemoryRows From(QueryResult result) => new(
        [.. (result.Explanation?.RetrievedMemories ?? []).Select(MemoryRow.From)], null, result.Explanation?.Warnings ?? []);
}
