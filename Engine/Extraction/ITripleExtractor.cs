namespace Engram.Engine.Extraction;

/// <summary>Turns one text into subject-predicate-object triples, each with its evidence in that text.</summary>
/// <remarks>Implementations are stateless and safe for concurrent use.</remarks>
public interface ITripleExtractor
{
    /// <summary>Stable name stored as the provenance of every triple, e.g. <c>rules/1</c>. Changes when results may change.</summary>
    string Name { get; }

    /// <summary>Extracts the triples <paramref name="input"/> asserts.</summary>
    /// <returns>The triples in the order of their evidence; empty when the text asserts nothing the extractor understands.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<ExtractionResult> ExtractAsync(ExtractionInput input, CancellationToken cancellationToken);
}

/// <summary>One text to extract from, with what is needed to resolve what it leaves implicit.</summary>
/// <param name="Text">The memory's text, any length; extractors bound their own output.</param>
/// <param name="EventTime">When the text was said or written; "yesterday" is the day before this, in this offset.</param>
/// <param name="Language">BCP 47 tag of the text (<c>en</c>, <c>en-GB</c>); empty means unknown.</param>
/// <param name="Speaker">Who says "I" (for example the memory's user id); null means <c>user</c>.</param>
public sealed record ExtractionInput(string Text, DateTimeOffset EventTime, string Language, string? Speaker);

/// <summary>What an extractor found.</summary>
/// <param name="Triples">Triples whose evidence was verified, in text order.</param>
/// <param name="DroppedWithoutEvidence">Candidates discarded because the text does not support them (see <see cref="EvidenceCheck"/>).</param>
public sealed record ExtractionResult(IReadOnlyList<ExtractedTriple> Triples, int DroppedWithoutEvidence)
{
    /// <summary>Nothing found, nothing dropped.</summary>
    public static ExtractionResult Empty { get; } = new([], 0);
}
