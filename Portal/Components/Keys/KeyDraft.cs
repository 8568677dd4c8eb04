using Engram.Portal.Client;

namespace Engram.Portal.Components.Keys;

/// <summary>What a key may be allowed, with the words that help to choose.</summary>
public sealed record KeyScope(string Name, string Meaning)
{
    public static IReadOnlyList<KeyScope> All { get; } =
    [
        new("memories:read", "query, search and list memories"),
        new("memories:write", "store and edit memories"),
        new("memories:delete", "delete and clear memories"),
        new("buckets:admin", "create and delete buckets"),
        new("usage:read", "read plan and usage"),
        new("account:admin", "manage keys; may do everything here"),
    ];
}

/// <summary>How long a key lives.</summary>
public sealed record KeyLifetime(string Title, int? Days)
{
    public static IReadOnlyList<KeyLifetime> All { get; } = [new("30 days", 30), new("90 days", 90), new("1 year", 365), new("never", null)];
}

/// <summary>How long a rolled key goes on working beside its successor.</summary>
public sealed record KeyOverlap(string Title, int Seconds)
{
    public static IReadOnlyList<KeyOverlap> All { get; } = [new("no time at all", 0), new("1 hour", 3600), new("24 hours", 86_400), new("7 days", 604_800)];
}

/// <summary>A key being made. Starts as what an agent needs: read and write, no delete, ninety days.</summary>
public sealed class KeyDraft
{
    public const int LongestName = 100;

    public string Name { get; set; } = "";

    public HashSet<string> Scopes { get; } = new(["memories:read", "memories:write"], StringComparer.Ordinal);

    /// <summary>Empty means every bucket, present and future.</summary>
    public HashSet<string> Buckets { get; } = new(StringComparer.Ordinal);

    public string Lifetime { get; set; } = KeyLifetime.All[1].Title;

    public string? NameFault => Name.Trim() switch
    {
        "" => "Say what will use the key, so that you know later what breaks when you revoke it.",
        { Length: > LongestName } => $"A name has at most {LongestName} characters.",
        _ => null,
    };

    public string? ScopeFault => Scopes.Count == 0 ? "A key without a scope can do nothing. Choose at least one." : null;

    public bool IsReady => NameFault is null && ScopeFault is null;

    public CreateKey ToRequest(DateTimeOffset now) => new(
        Name.Trim(),
        [.. KeyScope.All.Select(scope => scope.Name).Where(Scopes.Contains)],
        Buckets.Count == 0 ? null : [.. Buckets.Order(StringComparer.Ordinal)],
        KeyLifetime.All.First(lifetime => lifetime.Title == Lifetime).Days is { } days ? now.AddDays(days) : null);
}
