namespace Engram.Engine.Memories;

/// <summary>A checked and encoded memory on its way into the database.</summary>
internal sealed record PreparedMemory
{
    /// <summary>Position in the request.</summary>
    public required int Index { get; init; }

    public required Guid Id { get; init; }

    public required NewMemory Source { get; init; }

    public required byte[] Hash { get; init; }

    /// <summary>Text search configuration.</summary>
    public required string Language { get; init; }

    public required int TokenCount { get; init; }

    /// <summary>One unit vector a chunk, of the local encoder.</summary>
    public required IReadOnlyList<float[]> Vectors { get; init; }

    /// <summary>One unit vector a chunk of the tenant's own model; null where it has none, or they are still to be made.</summary>
    public IReadOnlyList<float[]>? OwnVectors { get; set; }

    /// <summary>Whether the encoder knows the script: if not, its vectors are alike for all texts and say nothing.</summary>
    public bool IsUnderstood { get; init; } = true;
}

/// <summary>A memory that is there already and takes a new one in.</summary>
internal sealed record Duplicate(Guid MemoryId, double Similarity, MergeReason Reason, bool SameText);
