namespace Engram.Engine.Providers;

/// <summary>The fault kinds' names on the wire and in the database.</summary>
public static class ProviderFaultKinds
{
    /// <summary>Every kind's name.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<ProviderFaultKind>().Select(NameOf)];

    /// <summary>The name of <paramref name="kind"/>.</summary>
    public static string NameOf(ProviderFaultKind kind) => kind switch
    {
        ProviderFaultKind.Timeout => "timeout",
        ProviderFaultKind.RateLimited => "rate_limited",
        ProviderFaultKind.Auth => "auth",
        ProviderFaultKind.BadRequest => "bad_request",
        ProviderFaultKind.Unavailable => "unavailable",
        ProviderFaultKind.Reset => "reset",
        _ => "malformed",
    };
}
