using System.Diagnostics;
using Engram.LocalHost.Running;

namespace Engram.AppHost.Tests;

/// <summary>Starts of .NET programs that answer to Ctrl-C as in a terminal.</summary>
internal static class DotnetStart
{
    /// <remarks>
    /// A shell without job control starts what runs in its background with SIGINT ignored, and children inherit that: a test run started in
    /// such a place could never interrupt anything.
    /// </remarks>
    public static ProcessStartInfo Of(params IEnumerable<string> arguments)
    {
        IEnumerable<string> command = [DotnetProgram.Path, .. arguments];
        if (OperatingSystem.IsLinux())
            command = ["env", "--default-signal=INT", .. command];
        var start = new ProcessStartInfo(command.First()) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in command.Skip(1))
            start.ArgumentList.Add(argument);
        return start;
    }
}
