namespace Engram.Engine.Latency;

/// <summary>One operation as it is recorded. Holds no text, no query and no secret.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="RequestId">UUIDv7 the caller saw as <c>X-Request-Id</c>, or the job's id for an extraction.</param>
/// <param name="At">When it began.</param>
/// <param name="Host">Who served it: <c>api</c>, <c>mcp</c> or <c>worker</c>.</param>
/// <param name="Operation">Label such as <c>GET /router/buckets</c>, <c>list_memories</c> or <c>extract</c>.</param>
/// <param name="Class">The class whose budget applies.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Duration">From the first byte read to the last byte written by the host.</param>
public sealed record OperationRecord(
    Tenant Tenant, Guid RequestId, DateTimeOffset At, string Host, string Operation, OpClass Class, OpOutcome Outcome, TimeSpan Duration)
{
    /// <summary>Kind of the provider's fault or code of the problem, or null.</summary>
    public string? Cause { get; init; }

    /// <summary>Catalogue id of the provider that was asked, or null.</summary>
    public string? Provider { get; init; }

    /// <summary>The model that was asked, or null.</summary>
    public string? Model { get; init; }

    /// <summary>HTTP status, or null.</summary>
    public int? Status { get; init; }

    /// <summary>Whether it was the first of its operation in its process.</summary>
    public bool Cold { get; init; }

    /// <summary>The API key, or null for background work.</summary>
    public Guid? KeyId { get; init; }

    /// <summary>Bytes of the request's body, where known.</summary>
    public long? RequestBytes { get; init; }

    /// <summary>Bytes of the response's body, where known.</summary>
    public long? ResponseBytes { get; init; }

    /// <summary>Calls of models.</summary>
    public int LlmCalls { get; init; }

    /// <summary>Tokens the models read.</summary>
    public long InputTokens { get; init; }

    /// <summary>Tokens the models wrote.</summary>
    public long OutputTokens { get; init; }

    /// <summary>What the models cost in US dollars, or null where no price is known or nothing was called.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>When the clock of <see cref="Hops"/> began, as a <see cref="System.Diagnostics.Stopwatch"/> timestamp.</summary>
    public long Started { get; init; }

    /// <summary>The parts, in the order in which they ended.</summary>
    public IReadOnlyList<HopSample> Hops { get; init; } = [];

    /// <summary>
    /// What is compared with one budget: the class, or a part of it that has one of its own. A query without an LLM is <c>search</c>, a store
    /// that was accepted <c>store_accepted</c>, the cheapest read <c>floor</c>.
    /// </summary>
    public string Series => this switch
    {
        { Class: OpClass.Query, LlmCalls: 0 } => LatencyBudgets.Search,
        { Class: OpClass.Store, Host: not "worker" } => LatencyBudgets.StoreAccepted,
        { Operation: LatencyBudgets.FloorOperation } => LatencyBudgets.Floor,
        _ => OpNames.Of(Class),
    };
}
