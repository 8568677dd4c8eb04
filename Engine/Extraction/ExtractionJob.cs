namespace Engram.Engine.Extraction;

/// <summary>A claimed job with the text to extract from.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Id">The job.</param>
/// <param name="BucketId">The memory's bucket.</param>
/// <param name="MemoryId">The memory.</param>
/// <param name="MemoryVersion">The version the job is for; an edit makes a new job.</param>
/// <param name="Fence">Number of the claim: completing with a lower one than the row's is refused.</param>
/// <param name="Attempt">1 for the first.</param>
/// <param name="Input">What the extractor gets.</param>
public sealed record ExtractionJob(
    Tenant Tenant, Guid Id, Guid BucketId, Guid MemoryId, int MemoryVersion, long Fence, int Attempt, ExtractionInput Input)
{
    /// <summary>The key that stored the memory, or null.</summary>
    public Guid? StoredBy { get; init; }

    /// <summary>When it was stored or last edited.</summary>
    public DateTimeOffset StoredAt { get; init; }

    /// <summary>False where the key was told nothing of this bucket lately: there is nothing to compare the text with.</summary>
    public bool MayBeRecalled { get; init; } = true;
}
