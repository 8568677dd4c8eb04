namespace Engram.Engine.Recall;

/// <summary>How much of an answer the memories gave.</summary>
public enum AnswerStatus
{
    /// <summary>The evidence speaks to the whole question.</summary>
    Answered,

    /// <summary>The evidence speaks to a part of it.</summary>
    Partial,

    /// <summary>The evidence is weak or absent: nothing is quoted.</summary>
    NotFound,

    /// <summary>Memories contradict each other: both sides are quoted.</summary>
    Conflicting,
}

/// <summary>A quoted sentence.</summary>
/// <param name="MemoryId">A retrieved memory, or the memory of a retrieved graph fact.</param>
/// <param name="Quote">A sentence of its text, word for word; of a graph fact, the fact.</param>
/// <param name="Strength">0 to 1: of an extractive answer how strongly it speaks to the question, of a model's answer the share of the statement's words it holds.</param>
public sealed record Citation(Guid MemoryId, string Quote, double Strength);

/// <summary>An answer made of what was retrieved.</summary>
/// <param name="Text">The answer; every sentence carries the id of its memory in brackets. A sentence that says so where nothing was found.</param>
/// <param name="Status">How much of an answer it is.</param>
/// <param name="Citations">What is quoted, strongest first; empty where nothing was found.</param>
public sealed record Answer(string Text, AnswerStatus Status, IReadOnlyList<Citation> Citations)
{
    /// <summary>Nothing in the memories speaks to the question.</summary>
    public static Answer NotFound { get; } = new("The stored memories do not answer this.", AnswerStatus.NotFound, []);
}
