using Engram.Portal.Client;

namespace Engram.Portal.Components.Lab;

/// <summary>A memory in one arm's list.</summary>
public sealed record ArmEntry(int Rank, double? Score, RetrievedMemory Memory);

/// <summary>One arm's own list, as far as its memories came through the fusion.</summary>
/// <param name="ScoreName">What its score is.</param>
public sealed record ArmList(string Name, string ScoreName, IReadOnlyList<ArmEntry> Entries)
{
    public static IReadOnlyList<ArmList> Of(IReadOnlyList<RetrievedMemory> memories)
    {
        return
        [
            new("Keyword", "BM25", List(memory => memory.Ranks?.Keyword, memory => memory.Scores?.Keyword)),
            new("Vector", "cosine", List(memory => memory.Ranks?.Vector, memory => memory.Scores?.Vector)),
            new("Graph", "weight", List(memory => memory.Ranks?.Graph, memory => memory.Scores?.Graph)),
        ];

        ArmEntry[] List(Func<RetrievedMemory, int?> rank, Func<RetrievedMemory, double?> score) =>
            [.. memories.Where(memory => rank(memory) is not null).Select(memory => new ArmEntry(rank(memory)!.Value, score(memory), memory)).OrderBy(entry => entry.Rank)];
    }
}
