using Engram.LocalHost.Processes;

namespace Engram.LocalHost.Postgres;

/// <summary>PostgreSQL refuses to run as root: as root it runs under another account.</summary>
internal static class PostgresAccount
{
    private static readonly string[] Candidates = ["postgres", "nobody"];

    /// <summary>The account to drop to, or null where this process is not root.</summary>
    public static string? Name { get; } = Find();

    /// <summary>Gives a file or folder (with all in it) to the account.</summary>
    public static async Task GiveAsync(string path, CancellationToken ct)
    {
        if (Name is null)
        {
            return;
        }

        var (exitCode, output) = await ChildProcess.RunAsync(new ChildProcessSpec("chown", ["-R", Name, path]), ct);
        if (exitCode != 0)
        {
            throw new LocalHostException($"Giving {path} to the account '{Name}' failed: {output}");
        }
    }

    private static string? Find()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return null;
        }

        var accounts = File.ReadLines("/etc/passwd").Select(line => line.Split(':')[0]).ToHashSet();
        return Candidates.FirstOrDefault(accounts.Contains)
            ?? throw new LocalHostException(
                "PostgreSQL does not run as root, and neither the account 'postgres' nor 'nobody' exists to run it under. "
                + "Start the AppHost as an ordinary user, or give a PostgreSQL in ENGRAM_POSTGRES.");
    }
}
