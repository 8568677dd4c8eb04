namespace Engram.Portal.Components.Layout;

/// <summary>A page in the navigation. A page that does not exist has no entry, so there is no dead link to show.</summary>
/// <param name="Icon">The name of an icon of <see cref="Controls.Icon"/>.</param>
public sealed record NavPage(string Title, string Href, string Icon);

public sealed record NavGroup(string Title, IReadOnlyList<NavPage> Pages);

/// <summary>The navigation in its order. A new page is one line here.</summary>
public static class NavMap
{
    public static IReadOnlyList<NavGroup> Groups { get; } =
    [
        new("Memory",
        [
            new("Overview", "/", "home"),
            new("Buckets", "/buckets", "bucket"),
        ]),
        new("Operations",
        [
            new("Latency", "/latency", "clock"),
            new("Requests", "/requests", "list"),
            new("Health", "/status", "pulse"),
        ]),
        new("Account",
        [
            new("API keys", "/keys", "key"),
        ]),
    ];
}
