using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Engram.LocalHost.Processes;

/// <summary>The POSIX signals LocalHost sends. The numbers are the same on Linux and macOS.</summary>
public enum StopSignal
{
    /// <summary>PostgreSQL: fast shutdown (rolls back, checkpoints, exits).</summary>
    Interrupt = 2,

    /// <summary>PostgreSQL: immediate shutdown (recovers at the next start).</summary>
    Quit = 3,

    /// <summary>Uncatchable.</summary>
    Kill = 9,

    /// <summary>.NET hosts: graceful stop.</summary>
    Terminate = 15,
}

internal static partial class Signals
{
    private const int NoSuchProcess = 3;
    private const int NotPermitted = 1;

    public static string ShellName(StopSignal signal) => signal switch
    {
        StopSignal.Interrupt => "INT",
        StopSignal.Quit => "QUIT",
        StopSignal.Kill => "KILL",
        _ => "TERM",
    };

    /// <summary>Sends a signal to a process, or to a whole process group when <paramref name="pid"/> is negative. A process that is gone is no error.</summary>
    public static void Send(int pid, StopSignal signal)
    {
        if (Kill(pid, (int)signal) != 0 && Marshal.GetLastPInvokeError() != NoSuchProcess)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"Sending SIG{ShellName(signal)} to process {pid} failed");
        }
    }

    public static bool IsAlive(int pid) => Kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() == NotPermitted;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}
