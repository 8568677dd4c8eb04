using Engram.Engine.Latency;

namespace Engram.Engine.Providers;

/// <summary>On whose behalf a model is called, and what its time, tokens and price are charged to.</summary>
/// <param name="Tenant">Whose provider key is used.</param>
/// <param name="RequestId">The request or job that causes the call; shown to the tenant with the fault.</param>
/// <param name="Operation">Operation label, such as <c>POST /v1/query</c>, <c>query_memory</c> or <c>extract</c>.</param>
/// <param name="Role">What for; names the hop <c>llm-call</c>.</param>
public sealed record LlmContext(Tenant Tenant, Guid RequestId, string Operation, ModelRole Role)
{
    /// <summary>The API key that caused it; null for background work whose key is not known.</summary>
    public Guid? KeyId { get; init; }

    /// <summary>The bucket it is for, or null for several.</summary>
    public Guid? BucketId { get; init; }

    /// <summary>The memory it is for, or null.</summary>
    public Guid? MemoryId { get; init; }

    /// <summary>Gets the hops <c>llm-call</c> (provider time) and <c>llm-wait</c> (pauses between attempts), labelled by role; null in background work that has none.</summary>
    public OpTimer? Timer { get; init; }

    /// <summary>When the whole operation must have ended, or null for the configured deadline from now.</summary>
    public DateTimeOffset? Deadline { get; init; }
}

/// <summary>One call of a model as it is recorded: what it cost, how long it took, and what went wrong.</summary>
/// <param name="Context">On whose behalf.</param>
/// <param name="Provider">Catalogue id.</param>
/// <param name="Model">The model asked.</param>
/// <param name="At">When it began.</param>
/// <param name="ElapsedMs">Milliseconds in all.</param>
/// <param name="WaitMs">Of these, milliseconds of pause between attempts.</param>
/// <param name="Attempts">Attempts made.</param>
public sealed record LlmCall(LlmContext Context, string Provider, string Model, DateTimeOffset At, double ElapsedMs, double WaitMs, int Attempts)
{
    /// <summary>Tokens the provider says it read.</summary>
    public long InputTokens { get; init; }

    /// <summary>Tokens the provider says it wrote.</summary>
    public long OutputTokens { get; init; }

    /// <summary>Price in US dollars by the price table in force, or null where the model has no known price.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>Milliseconds to the first token of a streamed reply, or null.</summary>
    public double? FirstTokenMs { get; init; }

    /// <summary>The tenant's connection it went over; when it last worked and last failed is noted there.</summary>
    public Guid? ConnectionId { get; init; }

    /// <summary>What went wrong, or null.</summary>
    public ProviderFault? Fault { get; init; }
}
