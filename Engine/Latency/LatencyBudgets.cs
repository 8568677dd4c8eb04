namespace Engram.Engine.Latency;

/// <summary>A budget of one series of operations.</summary>
/// <param name="Series">Name of the series.</param>
/// <param name="Class">The class it belongs to.</param>
/// <param name="P95Ms">p95 in milliseconds that is not to be exceeded.</param>
/// <param name="P99Ms">p99 in milliseconds, where one is promised.</param>
/// <param name="BoundedBy">One sentence: what bounds it.</param>
public sealed record LatencyBudget(string Series, OpClass Class, double P95Ms, double? P99Ms, string BoundedBy);

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

    /// <summary>What is not done by then is counted apart and in no percentile.</summary>
    public static readonly TimeSpan Cutoff = TimeSpan.FromSeconds(30);

    /// <summary>Every series, the four classes first.</summary>
    public static IReadOnlyList<LatencyBudget> All { get; } =
    [
        new("read", OpClass.Read, 50, null, "One round trip to the database; nothing outside is called."),
        new("mcp", OpClass.Mcp, 200, null, "The protocol's frames, the session and the database; no LLM is called."),
        new("store", OpClass.Store, 2000, null, "Extraction to triples: the tenant's provider where there is one, else this machine's processor."),
        new("query", OpClass.Query, 5000, null, "Synthesis: the tenant's provider and model."),
        new(Floor, OpClass.Read, 10, null, "Kestrel and one indexed select."),
        new(StoreAccepted, OpClass.Store, 100, null, "The local sentence encoder and one commit."),
        new(Search, OpClass.Query, 200, 500, "The local sentence encoder and three arms in the database."),
    ];
}
