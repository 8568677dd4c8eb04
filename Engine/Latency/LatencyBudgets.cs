namespace Engram.Engine.Latency;

/// <summary>A budget of one series of operations.</summary>
/// <param name="Series">Name of the series.</param>
/// <param name="Class">The class it belongs to.</param>
/// <param name="P95Ms">p95 in milliseconds that is not to be exceeded.</param>
/// <param name="BoundedBy">One sentence: what bounds it.</param>
public sealed record LatencyBudget(string Series, OpClass Class, double P95Ms, string BoundedBy)
{
    /// <summary>Mean in milliseconds, where one is promised.</summary>
    public double? MeanMs { get; init; }

    /// <summary>p99 in milliseconds, where one is promised.</summary>
    public double? P99Ms { get; init; }

    /// <summary>
    /// Whether what makes the tail lies outside the code: the infrastructure's transients where little else takes time, the provider's where a model is
    /// waited for. Then p99 may be three times p95 instead of one and a half times.
    /// </summary>
    public bool StructurallyHeavy { get; init; }

    /// <summary>p99 over p95 that is not to be exceeded.</summary>
    public double TailTarget => StructurallyHeavy ? LatencyBudgets.HealthyTail : LatencyBudgets.TargetTail;
}

/// <summary>The budgets: per operation, not per product.</summary>
public static class LatencyBudgets
{
    /// <summary>Retrieval without an LLM, inside the class query.</summary>
    public const string Search = "search";

    /// <summary>The receipt of a store; the class itself is measured until the triples are there.</summary>
    public const string StoreAccepted = "store_accepted";

    /// <summary>The simplest authenticated request.</summary>
    public const string Floor = "floor";

    /// <summary>The operation that is the floor.</summary>
    public const string FloorOperation = "GET /router/buckets";

    /// <summary>p99 over p95 to hold where the tail is not structurally heavy.</summary>
    public const double TargetTail = 1.5;

    /// <summary>p99 over p95 of a healthy distribution.</summary>
    public const double HealthyTail = 3;

    /// <summary>p99 over p95 above which something is wrong: a provider's transient, a lock, a pause.</summary>
    public const double TailIssue = 5;

    /// <summary>What is not done by then is counted apart and in no percentile.</summary>
    public static readonly TimeSpan Cutoff = TimeSpan.FromSeconds(30);

    /// <summary>Every series, the four classes first.</summary>
    public static IReadOnlyList<LatencyBudget> All { get; } =
    [
        new("read", OpClass.Read, 50, "One round trip to the database; nothing outside is called.") { StructurallyHeavy = true },
        new("mcp", OpClass.Mcp, 200, "The protocol's frames, the session and the database; no LLM is called."),
        new("store", OpClass.Store, 2000, "Extraction to triples: the tenant's provider where there is one, else this machine's processor.") { StructurallyHeavy = true },
        new("query", OpClass.Query, 5000, "Synthesis: the tenant's provider and model.") { StructurallyHeavy = true },
        new(Floor, OpClass.Read, 10, "Kestrel and one indexed select.") { StructurallyHeavy = true },
        new(StoreAccepted, OpClass.Store, 100, "The local sentence encoder and one commit."),
        new(Search, OpClass.Query, 200, "The local sentence encoder and three arms in the database.") { MeanMs = 100, P99Ms = 500 },
    ];

    /// <summary>What a ratio of p99 to p95 says: <c>on_target</c> (to 1.5), <c>healthy</c> (to 3), <c>watch</c> (to 5) or <c>tail_issue</c>.</summary>
    /// <param name="ratio">p99 over p95, 1 or more.</param>
    public static string TailOf(double ratio) => ratio switch
    {
        <= TargetTail => "on_target",
        <= HealthyTail => "healthy",
        <= TailIssue => "watch",
        _ => "tail_issue",
    };

    /// <summary>The series whose numbers a record of a series goes into: the floor is a read as well.</summary>
    internal static IReadOnlyList<string> SeriesOf(string series) => series == Floor ? [Floor, "read"] : [series];
}
