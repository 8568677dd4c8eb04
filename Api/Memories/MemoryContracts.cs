using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization;
using Engram.Engine;
using Engram.Engine.Extraction;
using Engram.Engine.Memories;

namespace Engram.Api.Memories;

/// <summary>A memory to store.</summary>
public record MemoryInput
{
    [Description("The text, up to 65,536 bytes of UTF-8.")]
    public string? Content { get; init; }

    [Description("off, loose (merges from 0.95 similarity) or strict (from 0.99); equal texts are merged by both.")]
    public DedupPolicy? Dedup { get; init; }

    [Description("A JSON object, up to 16,384 bytes.")]
    public JsonElement? Metadata { get; init; }

    [Description("The user it is about or from.")]
    public string? UserId { get; init; }

    [Description("The agent that stores it.")]
    public string? AgentId { get; init; }

    [Description("The run or session it comes from.")]
    public string? RunId { get; init; }

    [Description("Labels.")]
    public IReadOnlyList<string>? Categories { get; init; }

    [Description("When it happened or was said; relative dates in the text are resolved against it. Default: now.")]
    public DateTimeOffset? OccurredAt { get; init; }

    [Description("Whether to extract triples. Default: true.")]
    public bool? Infer { get; init; }

    [Description("Language of the text, as 'english' or 'en'. Default: English.")]
    public string? Language { get; init; }

    public NewMemory ToNewMemory()
    {
        var memory = new NewMemory
        {
            Content = Content ?? "",
            Metadata = Metadata ?? default,
            UserId = UserId,
            AgentId = AgentId,
            RunId = RunId,
            Categories = Categories ?? [],
            OccurredAt = OccurredAt,
            Infer = Infer ?? true,
            Language = Language,
        };
        return Dedup is { } dedup ? memory with { Dedup = dedup } : memory;
    }
}

/// <summary>One memory, or several under <c>memories</c>.</summary>
public sealed record StoreRequest : MemoryInput
{
    [Description("Several memories instead of one."), MinLength(1), MaxLength(MemoryLimits.MaxBatch)]
    public IReadOnlyList<MemoryInput>? Memories { get; init; }

    /// <summary>Names the first field of a single memory that stands beside <c>memories</c>, where it would be ignored.</summary>
    public string? FieldBesideMemories() =>
        Content is not null ? "content"
        : Dedup is not null ? "dedup"
        : Metadata is not null ? "metadata"
        : UserId is not null ? "user_id"
        : AgentId is not null ? "agent_id"
        : RunId is not null ? "run_id"
        : Categories is not null ? "categories"
        : OccurredAt is not null ? "occurred_at"
        : Infer is not null ? "infer"
        : Language is not null ? "language"
        : null;
}

/// <summary>Where the memory can be found already: <c>ready</c>, <c>pending</c>, <c>skipped</c> or <c>failed</c>.</summary>
public sealed record IndexStates(string Keyword, string Vector, string Graph);

/// <summary>What went wrong with one memory of a batch.</summary>
public sealed record ItemError(string Code, string? Field, string Detail);

/// <summary>What became of a memory. <c>memory_id</c> repeats the id for older clients; of a batch, an item may be an error instead.</summary>
public sealed record ReceiptView
{
    public Guid? Id { get; init; }

    public Guid? MemoryId => Id;

    public Guid? BucketId { get; init; }

    public string? BucketName { get; init; }

    public int? TokenCount { get; init; }

    public StoreStatus? Status { get; init; }

    public Guid? DedupedInto { get; init; }

    public double? SimilarityScore { get; init; }

    public MergeReason? MergeReason { get; init; }

    public IndexStates? Indexes { get; init; }

    /// <summary>With <c>wait=extracted</c>: what the extraction gave, or why it has not given anything yet.</summary>
    public ExtractionView? Extraction { get; init; }

    public string? UndoToken { get; init; }

    public bool? DryRun { get; init; }

    public ItemError? Error { get; init; }

    public static ReceiptView From(Receipt receipt, bool dryRun, ExtractionReport? report) => new()
    {
        Id = receipt.MemoryId,
        BucketId = receipt.BucketId,
        BucketName = receipt.BucketName,
        TokenCount = receipt.TokenCount,
        Status = receipt.Status,
        DedupedInto = receipt.DedupedInto,
        SimilarityScore = receipt.Similarity,
        MergeReason = receipt.MergeReason,
        Indexes = new IndexStates("ready", receipt.VectorPending ? "pending" : "ready", report is null ? GraphState(receipt.Extraction) : GraphState(report)),
        Extraction = report is null ? null : ExtractionView.From(report),
        UndoToken = dryRun ? null : receipt.UndoToken,
        DryRun = dryRun ? true : null,
    };

    public static ReceiptView From(EngramException failure, string code) => new() { Error = new ItemError(code, failure.Field, failure.Message) };

    private static string GraphState(ExtractionState state) => state switch
    {
        ExtractionState.Extracted => "ready",
        ExtractionState.Skipped => "skipped",
        ExtractionState.Failed => "failed",
        _ => "pending",
    };

    private static string GraphState(ExtractionReport report) => report.State switch
    {
        "done" => "ready",
        "dead" => "failed",
        _ => "pending",
    };
}

public sealed record ReceiptList(IReadOnlyList<ReceiptView> Memories);

/// <summary>A stored memory.</summary>
public record MemoryView
{
    public required Guid Id { get; init; }

    public required Guid BucketId { get; init; }

    public required string BucketName { get; init; }

    public required string Content { get; init; }

    public required int TokenCount { get; init; }

    public required string Language { get; init; }

    public required JsonElement Metadata { get; init; }

    public string? UserId { get; init; }

    public string? AgentId { get; init; }

    public string? RunId { get; init; }

    public required IReadOnlyList<string> Categories { get; init; }

    public required DateTimeOffset OccurredAt { get; init; }

    public required string Status { get; init; }

    public required ExtractionState Extraction { get; init; }

    public required int Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Of a list only where it was asked for with <c>details</c>.</summary>
    public MemoryTraces? Traces { get; init; }

    public static MemoryView From(Memory memory, string bucketName, MemoryTraces? traces = null) => new()
    {
        Id = memory.Id,
        BucketId = memory.BucketId,
        BucketName = bucketName,
        Content = memory.Content,
        TokenCount = memory.TokenCount,
        Language = memory.Language,
        Metadata = memory.Metadata,
        UserId = memory.UserId,
        AgentId = memory.AgentId,
        RunId = memory.RunId,
        Categories = memory.Categories,
        OccurredAt = memory.OccurredAt,
        Status = memory.Status,
        Extraction = memory.Extraction,
        Version = memory.Version,
        CreatedAt = memory.CreatedAt,
        UpdatedAt = memory.UpdatedAt,
        Traces = traces,
    };
}

public sealed record MemoryPageView(IReadOnlyList<MemoryView> Memories, long Total, int Limit, int Offset, string? Next);

/// <summary>A memory with what was extracted from it and what it was before.</summary>
[method: SetsRequiredMembers]
public sealed record MemoryDetailView(MemoryView Memory, IReadOnlyList<MemoryTriple> Triples, IReadOnlyList<MemoryRevision> History, string? LastError, ExtractionView? Job)
    : MemoryView(Memory)
{
    [JsonIgnore]
    public MemoryView Memory { get; } = Memory;

    public static MemoryDetailView From(MemoryDetail detail, MemoryTraces? traces = null) =>
        new(MemoryView.From(detail.Memory, detail.BucketName, traces), detail.Triples, detail.History, detail.Job?.Error, detail.Job is { } job ? ExtractionView.From(job) : null);
}

public sealed record EditRequest
{
    [Description("The new text. Triples are extracted anew; the old text goes to the history.")]
    public string? Content { get; init; }

    [Description("Replaces the metadata as a whole.")]
    public JsonElement? Metadata { get; init; }

    [Description("Replaces the labels as a whole.")]
    public IReadOnlyList<string>? Categories { get; init; }
}

public sealed record UndoRequest
{
    [Description("From the receipt of the store."), StringLength(100, MinimumLength = 1)]
    public required string UndoToken { get; init; }
}

public sealed record ClearResult(bool Success, long ClearedCount, bool DryRun);
