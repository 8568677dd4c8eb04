namespace Engram.LocalHost.Processes;

/// <summary>
/// A session, and so a process group, of a child's own: a Ctrl-C in the terminal then reaches the AppHost only, which stops the children in
/// order, and what a child leaves behind can be stopped as a group.
/// </summary>
internal static class Session
{
    /// <summary>setsid on Linux; macOS has none but ships perl. Neither forks here: the process id stays the program's.</summary>
    private static readonly string[]? Starter =
        Tools.Find("setsid") is { } setsid ? [setsid]
        : Tools.Find("perl") is { } perl ? [perl, "-MPOSIX=setsid", "-e", "setsid(); exec { $ARGV[0] } @ARGV or die"]
        : null;

    public static bool IsOwn => Starter is not null;

    public static IEnumerable<string> Wrap(string program, IEnumerable<string> arguments) => [.. Starter ?? [], program, .. arguments];
}
