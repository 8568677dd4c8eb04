using Engram.Smoke.Groups;

namespace Engram.Smoke.Run;

/// <summary>Checks of one part of the platform.</summary>
/// <param name="Name">Its name.</param>
/// <param name="RunAsync">Makes its fixture and its checks.</param>
internal sealed record SmokeGroup(string Name, Func<Fixture, Checks, Task> RunAsync)
{
    /// <summary>In this order: later groups look up what earlier ones did.</summary>
    public static IReadOnlyList<SmokeGroup> All { get; } =
    [
        new("auth", AuthGroup.RunAsync),
        new("keys", KeysGroup.RunAsync),
        new("buckets", BucketsGroup.RunAsync),
        new("memories", MemoriesGroup.RunAsync),
        new("dedup", DedupGroup.RunAsync),
        new("filters", FiltersGroup.RunAsync),
        new("query", QueryGroup.RunAsync),
        new("streaming", StreamingGroup.RunAsync),
        new("mcp", McpGroup.RunAsync),
        new("provider faults", ProviderGroup.RunAsync),
        new("portal", PortalGroup.RunAsync),
        new("usage and latency", UsageGroup.RunAsync),
        new("isolation and errors", IsolationGroup.RunAsync),
    ];
}
