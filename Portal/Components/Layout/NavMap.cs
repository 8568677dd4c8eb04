namespace Engram.Portal.Components.Layout;

/// <summary>A page in the navigation. A page that does not exist has no entry, so there is no dead link to show.</summary>
/// <param name="Icon">The name of an icon of <see cref="Controls.Icon"/>.</param>
/// <param name="ForAdmins">Whether the Api shows what is on it to owners and admins only.</param>
public sealed record NavPage(string Title, string Href, string Icon, bool ForAdmins = false);

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
            new("Query lab", "/query", "search"),
            new("Graph", "/graph", "mark"),
            new("Connect", "/connect", "connect"),
        ]),
        new("Operations",
        [
            new("Latency", "/latency", "clock"),
            new("Requests", "/requests", "list"),
            new("Jobs", "/jobs", "queue", ForAdmins: true),
            new("Provider faults", "/faults", "warning", ForAdmins: true),
            new("Health", "/status", "pulse"),
        ]),
        new("Account",
        [
            new("API keys", "/keys", "key", ForAdmins: true),
            new("Providers", "/providers", "plug", ForAdmins: true),
            new("Usage and plan", "/usage", "gauge"),
            new("Audit", "/audit", "book", ForAdmins: true),
            new("Members", "/members", "people", ForAdmins: true),
            new("Sessions", "/sessions", "screen"),
        ]),
    ];
}
