using System.Text.Json;
using Engram.Engine.Extraction;

namespace Engram.Engine.Memories;

/// <summary>Where a memory's triples are.</summary>
public enum ExtractionState
{
    /// <summary>A job is queued or running.</summary>
    Pending,

    /// <summary>Done; there may be none to be had.</summary>
    Extracted,

    /// <summary>Stored with <c>infer: false</c>.</summary>
    Skipped,

    /// <summary>Every attempt failed; the job says why.</summary>
    Failed,
}

/// <summary>A stored text with what was said about it.</summary>
public sealed record Memory
{
    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>The bucket it is in.</summary>
    public required Guid BucketId { get; init; }

    /// <summary>The text as it was sent.</summary>
    public required string Content { get; init; }

    /// <summary>Tokens of the local encoder.</summary>
    public required int TokenCount { get; init; }

    /// <summary>PostgreSQL text search configuration that made its lexemes, such as <c>english</c>.</summary>
    public required string Language { get; init; }

    /// <summary>A JSON object.</summary>
    public required JsonElement Metadata { get; init; }

    /// <summary>The user it is about or from, or null.</summary>
    public string? UserId { get; init; }

    /// <summary>The agent that stored it, or null.</summary>
    public string? AgentId { get; init; }

    /// <summary>The run or session it was stored in, or null.</summary>
    public string? RunId { get; init; }

    /// <summary>Labels.</summary>
    public required IReadOnlyList<string> Categories { get; init; }

    /// <summary>Event time, UTC: when it happened or was said; the time of storing where none was given.</summary>
    public required DateTimeOffset OccurredAt { get; init; }

    /// <summary><c>stored</c> or <c>quarantined</c>.</summary>
    public required string Status { get; init; }

    /// <summary>Where its triples are.</summary>
    public required ExtractionState Extraction { get; init; }

    /// <summary>Grows by one with every edit, from 1.</summary>
    public required int Version { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>A triple as a memory tells it.</summary>
/// <param name="Id">The triple's id.</param>
/// <param name="Subject">Entity name.</param>
/// <param name="Predicate">Normalised relation, snake_case.</param>
/// <param name="Object">Entity name or literal.</param>
/// <param name="Negated">The text denies it.</param>
/// <param name="Confidence">0 to 1, the extractor's own.</param>
/// <param name="ValidFrom">When it began to hold, or null when unknown.</param>
/// <param name="ValidTo">When it ceased to hold, or null while it holds.</param>
/// <param name="Superseded">A later statement of the same single-valued predicate replaced it.</param>
/// <param name="SpanStart">UTF-16 offset of the evidence in the memory's text.</param>
/// <param name="SpanLength">Length of the evidence.</param>
/// <param name="Extractor">Who extracted it.</param>
/// <param name="OtherSources">How many other memories say it too; with none it goes when this memory goes.</param>
public sealed record MemoryTriple(
    Guid Id, string Subject, string Predicate, string Object, bool Negated, double Confidence,
    DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo, bool Superseded, int SpanStart, int SpanLength, string Extractor,
    int OtherSources);

/// <summary>A former state of a memory.</summary>
/// <param name="Sequence">Grows from 1, oldest first.</param>
/// <param name="Change"><c>edited</c>: the text before an edit; <c>merged</c>: another wording that was merged into it.</param>
/// <param name="Content">The text.</param>
/// <param name="Metadata">A JSON object.</param>
/// <param name="Categories">Labels.</param>
/// <param name="ChangedAt">UTC.</param>
public sealed record MemoryRevision(
    int Sequence, string Change, string Content, JsonElement Metadata, IReadOnlyList<string> Categories, DateTimeOffset ChangedAt);

/// <summary>A memory with all that is known of it.</summary>
/// <param name="Memory">The memory.</param>
/// <param name="BucketName">Name of its bucket.</param>
/// <param name="Triples">What was extracted from it.</param>
/// <param name="History">Former states, oldest first.</param>
/// <param name="Job">What is known of its extraction, or null: it has no job.</param>
public sealed record MemoryDetail(
    Memory Memory, string BucketName, IReadOnlyList<MemoryTriple> Triples, IReadOnlyList<MemoryRevision> History, ExtractionReport? Job);

/// <summary>A page of memories, newest first.</summary>
/// <param name="BucketId">The bucket.</param>
/// <param name="BucketName">Its name.</param>
/// <param name="Memories">The page.</param>
/// <param name="Total">Memories that match, over all pages.</param>
/// <param name="Next">Cursor of the next page, or null at the end.</param>
public sealed record MemoryPage(Guid BucketId, string BucketName, IReadOnlyList<Memory> Memories, long Total, string? Next);

/// <summary>Tells a first page from what it was before.</summary>
/// <param name="Fingerprint">Of the versions of the page's rows: differs whenever the page reads otherwise.</param>
/// <param name="State">Of the database at the time: the same one means that nothing was committed since, by anyone. Null: unknown.</param>
public readonly record struct PageVersion(long Fingerprint, long? State);
