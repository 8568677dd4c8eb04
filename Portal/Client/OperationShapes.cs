namespace Engram.Portal.Client;

/// <summary>The latencies of a window, as <c>GET /account/latency</c> answers.</summary>
public sealed record LatencyReport(
    DateTimeOffset From,
    DateTimeOffset To,
    int StepSeconds,
    double CutoffMs,
    IReadOnlyList<SeriesReport> Series,
    IReadOnlyList<LatencyNumbers> Operations,
    IReadOnlyList<LatencyNumbers> Steps,
    IReadOnlyList<CutoffCount> Cutoffs,
    IReadOnlyList<DeployMark>? Deploys = null,
    string? Method = null,
    double RelativeError = 0)
{
    public SeriesReport? Of(string series) => Series.FirstOrDefault(each => each.Series == series);
}

/// <summary>A budget beside what was measured.</summary>
/// <param name="Tail">on_target, healthy, watch or tail_issue; null without samples.</param>
public sealed record SeriesReport(
    string Series, string Class, double P95BudgetMs, double? P99BudgetMs, string BoundedBy, bool? WithinBudget, double? TailRatio, string? Tail, LatencyNumbers? Numbers,
    Temperature? Warm = null, Temperature? Cold = null, bool StructurallyHeavy = false);

public sealed record LatencyNumbers(
    string Series, string? Operation, DateTimeOffset From, long Samples, double? P50Ms, double? P95Ms, double? P99Ms, long Cold, ExcludedCounts? Excluded);

public sealed record ExcludedCounts(long Cutoff, long ShapeFail, long ClientError, long ProviderFault, long ServerError)
{
    public long Sum => Cutoff + ShapeFail + ClientError + ProviderFault + ServerError;
}

public sealed record CutoffCount(string Series, string? Cause, string? Provider, string? Model, long Count);

public sealed record DeployMark(string DeployId, DateTimeOffset FirstAt, long Operations);

/// <summary>Percentiles of the first calls of a process, or of all others.</summary>
public sealed record Temperature(long Samples, double P50Ms, double P95Ms, double P99Ms);

/// <summary>The hops of one series by step, as <c>GET /account/latency/breakdown</c> answers.</summary>
public sealed record LatencyBreakdown(DateTimeOffset From, DateTimeOffset To, int StepSeconds, string? Series, IReadOnlyList<HopStep> Hops);

public sealed record HopStep(DateTimeOffset From, long Operations, double MeanMs, IReadOnlyList<HopShare> Hops);

public sealed record HopShare(string Hop, double MeanMs);

public sealed record OperationPage(IReadOnlyList<Operation> Requests, string? Next);

/// <summary>One recorded operation with its hops.</summary>
public sealed record Operation(
    string RequestId,
    DateTimeOffset At,
    string Host,
    [property: System.Text.Json.Serialization.JsonPropertyName("operation")] string Name,
    string Class,
    string Series,
    string Outcome,
    double DurationMs,
    string? Cause,
    string? Provider,
    string? Model,
    int? Status,
    bool Cold,
    string? KeyId,
    long? RequestBytes,
    long? ResponseBytes,
    int LlmCalls,
    long InputTokens,
    long OutputTokens,
    decimal? CostUsd,
    string? DeployId,
    IReadOnlyList<OperationHop>? Hops);

public sealed record OperationHop(string Hop, string? Label, double StartMs, double DurationMs);

/// <summary>The platform's numbers, one per class, as <c>GET /public/latency</c> answers anybody.</summary>
public sealed record PublicNumbers(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<PublicNumber> Numbers);

public sealed record PublicNumber(
    string Class, double? P95Ms, double P95BudgetMs, bool? WithinBudget, long Samples, long Excluded, long Cutoffs, string BoundedBy);

public sealed record SmokePage(IReadOnlyList<SmokeRun> Runs);

/// <param name="Verdict">passed, failed or aborted.</param>
public sealed record SmokeRun(
    string Id, DateTimeOffset At, string DeployId, string Verdict, double DurationMs, int Passed, int Failed, int Skipped, double? FloorRatio);
