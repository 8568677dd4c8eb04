namespace Engram.Smoke;

/// <summary>The smoke cannot run at all, and says why. Nothing is said about the deployment.</summary>
internal sealed class SmokeException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>What the process answers.</summary>
public static class ExitCode
{
    /// <summary>Every check that could run passed.</summary>
    public const int Passed = 0;

    /// <summary>A check failed.</summary>
    public const int Failed = 1;

    /// <summary>There is no verdict: wrong arguments, nobody answers, or somebody pressed Ctrl-C.</summary>
    public const int CouldNotRun = 2;
}
