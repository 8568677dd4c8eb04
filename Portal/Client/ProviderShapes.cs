namespace Engram.Portal.Client;

public sealed record ProviderCatalogue(DateOnly PricesAsOf, IReadOnlyList<CatalogueEntry> Providers);

/// <param name="BaseUrl">Null where only the tenant knows it; <see cref="BaseUrlExample"/> then shows its form.</param>
public sealed record CatalogueEntry(
    string Id, string DisplayName, string WireFormat, string? BaseUrl, string? BaseUrlExample, bool KeyRequired, IReadOnlyList<SuggestedModel>? SuggestedModels, string? Note);

public sealed record SuggestedModel(string Role, string Model, TokenPrice? Price);

/// <summary>US dollars per million tokens.</summary>
public sealed record TokenPrice(decimal Input, decimal Output);

public sealed record ProviderList(IReadOnlyList<Connection> Providers, IReadOnlyList<RoleModel> Models);

/// <param name="Key">Masked to its last characters; null where there is none.</param>
public sealed record Connection(
    string Id, string Provider, string Label, string? BaseUrl, string? Key, IReadOnlyList<string> Roles, DateTimeOffset CreatedAt, DateTimeOffset? RotatedAt,
    DateTimeOffset? LastSuccessAt, DateTimeOffset? LastErrorAt, string? LastError);

public sealed record RoleModel(string Role, string ConnectionId, string Provider, string Model, DateTimeOffset UpdatedAt);

public sealed record CreateProvider(string Provider, string? Label, string? BaseUrl, string? ApiKey);

public sealed record RotateProvider(string ApiKey);

public sealed record TestProvider(string? Model);

public sealed record SetModel(string ConnectionId, string Model);

/// <param name="ProviderWords">What the provider itself said of a failure.</param>
public sealed record ProviderTest(
    bool Ok, string Model, double LatencyMs, bool? ModelFound, string? AnsweredBy, string? Kind, int? UpstreamStatus, string? Hint, string? ProviderWords);

public sealed record BudgetList(Budget Tenant, IReadOnlyList<Budget> Keys, DateTimeOffset ResetsAt);

public sealed record Budget(string? KeyId, long? DailyTokens, decimal? DailyUsd, long UsedTokens, decimal UsedUsd);

public sealed record SetBudgets(TenantBudget? Tenant, IReadOnlyList<KeyBudget> Keys);

public sealed record TenantBudget(long? DailyTokens, decimal? DailyUsd);

public sealed record KeyBudget(string KeyId, long? DailyTokens, decimal? DailyUsd);

public sealed record FaultPage(IReadOnlyList<ProviderFaultEntry> Faults, string? Next);

public sealed record ProviderFaultEntry(
    string Id, DateTimeOffset At, string RequestId, string Operation, string Role, string Provider, string Model, string Kind, int? UpstreamStatus, double ElapsedMs,
    double WaitMs, int Attempts, double? RetryAfterMs, string? Hint);

public sealed record CallPage(IReadOnlyList<ModelCall> Calls, string? Next);

public sealed record ModelCall(
    string Id, DateTimeOffset At, string RequestId, string Operation, string Role, string Provider, string Model, TokenUsage? Tokens, decimal? CostUsd, double ElapsedMs,
    double WaitMs, double? FirstTokenMs, int Attempts, string? Kind);

public sealed record JobPage(IReadOnlyList<Job> Jobs, string? Next);

/// <param name="State">queued, running, done or dead.</param>
public sealed record Job(
    string JobId, string MemoryId, string BucketName, string State, int Attempts, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, int? Triples, int? Dropped,
    string? Skipped, string? Extractor, string? Error, DateTimeOffset? RetryAt)
{
    public bool MayBeCancelled => State is "queued" or "running";

    public bool MayBeRetried => State == "dead" || (State == "queued" && Error is not null);
}

public sealed record QueueDepth(long Queued, long Retrying, long Running, long Dead, DateTimeOffset? OldestQueuedAt);

public sealed record JobsRetried(long Retried);
