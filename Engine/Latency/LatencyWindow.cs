namespace Engram.Engine.Latency;

/// <summary>The numbers of one series, or of one operation in it. Percentiles are over right-shaped answers not later than the cutoff.</summary>
/// <param name="Series">The series.</param>
/// <param name="Operation">The operation, or null for the whole series.</param>
/// <param name="From">Start of the window, or of one step of it.</param>
/// <param name="Samples">Answers the percentiles are taken over.</param>
/// <param name="MeanMs">Their mean; null without samples, as are the others.</param>
/// <param name="P50Ms">The floor: half were faster. For knowing how cheap it is, not for promising.</param>
/// <param name="P95Ms">What users feel.</param>
/// <param name="P99Ms">The tail.</param>
/// <param name="Cold">How many of the samples were the first of their operation in their process.</param>
/// <param name="Excluded">What is in no percentile, by outcome.</param>
public sealed record LatencyNumbers(
    string Series, string? Operation, DateTimeOffset From, long Samples, double? MeanMs, double? P50Ms, double? P95Ms, double? P99Ms, long Cold, ExcludedCounts Excluded);

/// <summary>The same of the cold or of the warm answers of a series alone.</summary>
/// <param name="Series">The series.</param>
/// <param name="Cold">The first of their operation in their process, or all others.</param>
/// <param name="Samples">How many.</param>
/// <param name="MeanMs">Their mean in milliseconds.</param>
/// <param name="P50Ms">The floor.</param>
/// <param name="P95Ms">What users feel.</param>
/// <param name="P99Ms">The tail.</param>
public sealed record TemperaturePercentiles(string Series, bool Cold, long Samples, double MeanMs, double P50Ms, double P95Ms, double P99Ms);

/// <summary>Operations that are in no percentile.</summary>
/// <param name="Cutoff">Not done after the cutoff.</param>
/// <param name="ShapeFail">Answered with the wrong shape.</param>
/// <param name="ClientError">Refused, or the caller left.</param>
/// <param name="ProviderFault">The tenant's provider failed.</param>
/// <param name="ServerError">We failed.</param>
public sealed record ExcludedCounts(long Cutoff, long ShapeFail, long ClientError, long ProviderFault, long ServerError);

/// <summary>Cutoffs of one root cause.</summary>
/// <param name="Series">The series.</param>
/// <param name="Cause">Kind of fault, or null where no provider was waited for.</param>
/// <param name="Provider">Provider, or null.</param>
/// <param name="Model">Model, or null.</param>
/// <param name="Count">How many.</param>
public sealed record CutoffCount(string Series, string? Cause, string? Provider, string? Model, long Count);

/// <summary>What is in no percentile, by root cause.</summary>
/// <param name="Series">The series.</param>
/// <param name="Operation">The operation.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Cause">Kind of the provider's fault or code of the problem, or null.</param>
/// <param name="Provider">Provider, or null.</param>
/// <param name="Model">Model, or null.</param>
/// <param name="Count">How many.</param>
public sealed record ExclusionCount(string Series, string Operation, string Outcome, string? Cause, string? Provider, string? Model, long Count);

/// <summary>
/// What part of a series' time one kind of hop took. Every moment counts for one hop, the one that began last of those running; what no hop covers
/// is <c>other</c>, the host's own. So the shares of a series add up to 1 and can be stacked.
/// </summary>
/// <param name="Series">The series.</param>
/// <param name="Hop">Name of the hop, or <c>other</c>.</param>
/// <param name="Share">Part of the whole time, 0 to 1.</param>
/// <param name="MeanMs">Its mean milliseconds in an operation of the series.</param>
public sealed record HopPart(string Series, string Hop, double Share, double MeanMs);

/// <summary>A deployment that served operations of the window: a marker for charts.</summary>
/// <param name="DeployId">Its name.</param>
/// <param name="FirstAt">Its first operation in the window, to the hour where roll-ups were read.</param>
/// <param name="Operations">How many operations, whatever their outcome.</param>
public sealed record DeployMark(string DeployId, DateTimeOffset FirstAt, long Operations);

/// <summary>How the numbers of a window were taken.</summary>
public enum LatencyMethod
{
    /// <summary>Over the records, by nearest rank.</summary>
    Exact,

    /// <summary>Over sketches by the hour, each quantile within <see cref="DurationSketch.RelativeError"/> of the exact one.</summary>
    Sketch,
}

/// <summary>The numbers of a window.</summary>
/// <param name="From">Its start.</param>
/// <param name="To">Its end.</param>
/// <param name="Method">How they were taken.</param>
public sealed record LatencyWindow(DateTimeOffset From, DateTimeOffset To, LatencyMethod Method)
{
    /// <summary>Of each series.</summary>
    public IReadOnlyList<LatencyNumbers> Series { get; init; } = [];

    /// <summary>Of each operation in them.</summary>
    public IReadOnlyList<LatencyNumbers> Operations { get; init; } = [];

    /// <summary>Of each series in each step of time.</summary>
    public IReadOnlyList<LatencyNumbers> Steps { get; init; } = [];

    /// <summary>Of each series, cold and warm apart.</summary>
    public IReadOnlyList<TemperaturePercentiles> Temperatures { get; init; } = [];

    /// <summary>Where the time of each series went.</summary>
    public IReadOnlyList<HopPart> Hops { get; init; } = [];

    /// <summary>Which deployments served it, by their first operation.</summary>
    public IReadOnlyList<DeployMark> Deploys { get; init; } = [];

    /// <summary>Operations that were served and not recorded, because the database was away for longer than the hosts' memory lasts.</summary>
    public long Lost { get; init; }

    /// <summary>What is in no percentile, by root cause, the most frequent first.</summary>
    public IReadOnlyList<ExclusionCount> Exclusions { get; init; } = [];

    /// <summary>Of these, cutoffs by root cause.</summary>
    public IReadOnlyList<CutoffCount> Cutoffs =>
    [
        .. Exclusions.Where(e => e.Outcome == OpNames.Of(OpOutcome.Cutoff))
            .GroupBy(e => (e.Series, e.Cause, e.Provider, e.Model))
            .Select(g => new CutoffCount(g.Key.Series, g.Key.Cause, g.Key.Provider, g.Key.Model, g.Sum(e => e.Count)))
            .OrderByDescending(c => c.Count),
    ];
}
