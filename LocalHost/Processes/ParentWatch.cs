using System.Globalization;
using System.Runtime.InteropServices;

namespace Engram.LocalHost.Processes;

/// <summary>
/// Tells when the <c>dotnet run</c> that started this process is gone. It hands SIGTERM on, but when it is killed nobody would stop this
/// process. Any other parent may end without this one ending (nohup, a script).
/// </summary>
internal static partial class ParentWatch
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Completes when the parent is gone; never when it is no <c>dotnet run</c>.</summary>
    public static async Task WhenGoneAsync(CancellationToken ct)
    {
        var parent = ParentId();
        if (!await IsDotnetRunAsync(parent, ct))
        {
            await Task.Delay(Timeout.Infinite, ct);
        }

        while (ParentId() == parent)
        {
            await Task.Delay(Pause, ct);
        }
    }

    private static async Task<bool> IsDotnetRunAsync(int pid, CancellationToken ct)
    {
        var arguments = await CommandLine.OfAsync(pid, ct);
        return arguments.Length > 1 && Path.GetFileName(arguments[0]) == "dotnet" && arguments[1] is "run" or "watch";
    }

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int ParentId();
}

/// <summary>The command line of any process.</summary>
internal static class CommandLine
{
    /// <returns>Empty when there is no such process.</returns>
    public static async Task<string[]> OfAsync(int pid, CancellationToken ct)
    {
        var id = pid.ToString(CultureInfo.InvariantCulture);
        if (OperatingSystem.IsLinux())
        {
            // Small containers have no ps.
            try
            {
                return (await File.ReadAllTextAsync($"/proc/{id}/cmdline", ct)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
            }
            catch (IOException)
            {
                return [];
            }
        }

        var (_, command) = await ChildProcess.RunAsync(new ChildProcessSpec("ps", ["-o", "command=", "-ww", "-p", id]), ct);
        return command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }
}
