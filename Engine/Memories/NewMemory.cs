using System.Text.Json;

namespace Engram.Engine.Memories;

/// <summary>What to do with a text that is there already. The hash of the text decides first in both policies.</summary>
public enum DedupPolicy
{
    /// <summary>Store it again.</summary>
    Off,

    /// <summary>Merge equal texts, and texts with a cosine similarity of at least 0.95.</summary>
    Loose,

    /// <summary>Merge equal texts, and texts with a cosine similarity of at least 0.99.</summary>
    Strict,
}

/// <summary>A memory to be stored.</summary>
public sealed record NewMemory
{
    /// <summary>The text: 1 to 65,536 bytes of UTF-8.</summary>
    public required string Content { get; init; }

    /// <summary>What to do with a duplicate. Default <see cref="DedupPolicy.Strict"/>.</summary>
    public DedupPolicy Dedup { get; init; } = DedupPolicy.Strict;

    /// <summary>A JSON object of at most 16,384 bytes, or undefined.</summary>
    public JsonElement Metadata { get; init; }

    /// <summary>At most 256 characters, or null.</summary>
    public string? UserId { get; init; }

    /// <summary>At most 256 characters, or null.</summary>
    public string? AgentId { get; init; }

    /// <summary>At most 256 characters, or null.</summary>
    public string? RunId { get; init; }

    /// <summary>At most 32 labels of at most 64 characters.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];

    /// <summary>Event time; relative dates in the text are resolved against it. Default: now.</summary>
    public DateTimeOffset? OccurredAt { get; init; }

    /// <summary>Extract triples. Default true.</summary>
    public bool Infer { get; init; } = true;

    /// <summary>A text search configuration (<c>english</c>) or ISO 639-1 code (<c>en</c>). Default: English.</summary>
    public string? Language { get; init; }
}

/// <summary>A change of a memory; null leaves a part as it is.</summary>
/// <param name="Content">New text, or null.</param>
/// <param name="Metadata">New metadata (replaces the old), or undefined.</param>
/// <param name="Categories">New labels (replace the old), or null.</param>
public sealed record MemoryEdit(string? Content, JsonElement Metadata, IReadOnlyList<string>? Categories);

/// <summary>How a store is to be done.</summary>
/// <param name="StoredBy">Id of the key that stores, or null.</param>
/// <param name="IdempotencyKey">1 to 255 characters: a repeat with the same key and request gets the first answer. Or null.</param>
/// <param name="DryRun">Say what would happen, change nothing.</param>
/// <param name="MaxBuckets">A store that would make another bucket beside so many is refused; null for no limit.</param>
public sealed record StoreOptions(Guid? StoredBy = null, string? IdempotencyKey = null, bool DryRun = false, long? MaxBuckets = null);
