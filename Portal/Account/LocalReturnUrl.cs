namespace Engram.Portal.Account;

/// <summary>Where to go after signing in: a path of this portal or its start page, never another site.</summary>
internal static class LocalReturnUrl
{
    public const string Parameter = "return_url";

    public static string OrHome(string? url) => IsLocal(url) ? url! : "/";

    /// <summary>
    /// One slash and then neither a slash nor a backslash, which browsers read as the start of a host; no control
    /// characters, which they drop before they parse.
    /// </summary>
    public static bool IsLocal(string? url) =>
        url is ['/', ..] and not ['/', '/' or '\\', ..] && !url.Any(char.IsControl);

    /// <summary>The sign-in page that comes back to <paramref name="pathAndQuery"/>.</summary>
    public static string SignIn(string? pathAndQuery, bool sessionEnded = false)
    {
        var back = OrHome(pathAndQuery);
        var query = new List<string>();
        if (back != "/")
        {
            query.Add($"{Parameter}={Uri.EscapeDataString(back)}");
        }
        if (sessionEnded)
        {
            query.Add("ended=true");
        }
        return query.Count == 0 ? "/sign-in" : "/sign-in?" + string.Join('&', query);
    }
}
