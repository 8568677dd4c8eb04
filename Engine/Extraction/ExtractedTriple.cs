namespace Engram.Engine.Extraction;

/// <summary>One fact stated by a text.</summary>
/// <param name="Subject">Surface form of the entity the fact is about, pronouns resolved.</param>
/// <param name="Predicate">Relation in snake_case: one of the documented relations or a verb lemma with its preposition.</param>
/// <param name="Object">Surface form of the entity or value; dates in ISO 8601 (<c>2023-05-07</c>, <c>2023-05</c>, <c>2023</c>).</param>
/// <param name="Evidence">The part of the text that states it.</param>
/// <param name="Confidence">0 (exclusive) to 1: how often a triple made this way is right, estimated, not a probability of truth.</param>
public sealed record ExtractedTriple(string Subject, string Predicate, string Object, EvidenceSpan Evidence, double Confidence)
{
    /// <summary>The text denies the fact ("Tom does not like cheese"). Never stored as if it were affirmed.</summary>
    public bool Negated { get; init; }

    /// <summary>At most one object is true at a time, so a later triple of the same subject and predicate supersedes this one.</summary>
    public bool SingleValued { get; init; }

    /// <summary>Start of the time the fact holds or happened, inclusive; null when the text does not say.</summary>
    public DateTimeOffset? ValidFrom { get; init; }

    /// <summary>End of that time, exclusive; null when open or unknown.</summary>
    public DateTimeOffset? ValidTo { get; init; }

    /// <summary>Kind of the subject where it is evident: <c>person</c>, <c>place</c>, <c>organisation</c>, <c>date</c>, <c>number</c>; else null.</summary>
    public string? SubjectKind { get; init; }

    /// <summary>Kind of the object, as <see cref="SubjectKind"/>.</summary>
    public string? ObjectKind { get; init; }
}

/// <summary>A half-open range of UTF-16 code units of the extracted text.</summary>
/// <param name="Start">Offset of the first code unit, from 0.</param>
/// <param name="Length">Number of code units, at least 1.</param>
public readonly record struct EvidenceSpan(int Start, int Length)
{
    /// <summary>Offset just past the last code unit.</summary>
    public int End => Start + Length;
}
