namespace Engram.Engine.Memories;

/// <summary>What became of a memory that was sent.</summary>
public enum StoreStatus
{
    /// <summary>Stored as a new memory.</summary>
    Stored,

    /// <summary>Merged into one that was there.</summary>
    Merged,

    /// <summary>Stored but kept out of retrieval.</summary>
    Quarantined,
}

/// <summary>Why a memory was merged.</summary>
public enum MergeReason
{
    /// <summary>The same text, after Unicode and white space normalisation, of the same user, agent and run.</summary>
    ContentHash,

    /// <summary>A cosine similarity at or above the policy's threshold.</summary>
    EmbeddingSimilarity,

    /// <summary>The same text was being stored by another request at the same time.</summary>
    ConcurrentInsertRace,
}

/// <summary>The answer to a store: the memory can be found by keyword and vector from now on.</summary>
/// <param name="MemoryId">The memory's id; of a merged one, the id of the one it was merged into.</param>
/// <param name="BucketId">The bucket.</param>
/// <param name="BucketName">Its name.</param>
/// <param name="TokenCount">Tokens of the local encoder.</param>
/// <param name="Status">What became of it.</param>
/// <param name="DedupedInto">The memory it was merged into, or null.</param>
/// <param name="Similarity">Cosine similarity to that memory, 1 for an equal text, or null.</param>
/// <param name="MergeReason">Why it was merged, or null.</param>
/// <param name="Extraction">Where its triples are.</param>
/// <param name="UndoToken">Takes the store back through <see cref="MemoryStore.UndoAsync"/>; null for a merged memory.</param>
public sealed record Receipt(
    Guid MemoryId,
    Guid BucketId,
    string BucketName,
    int TokenCount,
    StoreStatus Status,
    Guid? DedupedInto,
    double? Similarity,
    MergeReason? MergeReason,
    ExtractionState Extraction,
    string? UndoToken)
{
    /// <summary>The tenant's own embedding model has not given its vectors yet: the Worker makes them. Until then keyword and, where the bucket is searched by it, the local encoder find the memory.</summary>
    public bool VectorPending { get; init; }
}

/// <summary>The outcome of one memory of a batch: a receipt or a failure.</summary>
/// <param name="Receipt">The receipt, or null.</param>
/// <param name="Failure">The failure, or null.</param>
public sealed record StoreOutcome(Receipt? Receipt, EngramException? Failure);
