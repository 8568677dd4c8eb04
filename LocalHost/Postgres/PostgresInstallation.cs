using System.Globalization;
using System.Text.RegularExpressions;
using Engram.LocalHost.Processes;

namespace Engram.LocalHost.Postgres;

/// <summary>The programs of a PostgreSQL that has pgvector.</summary>
/// <param name="Bin">The folder of <c>postgres</c> and <c>initdb</c>.</param>
/// <param name="Description">Version and origin, for the log.</param>
public sealed partial record PostgresInstallation(string Bin, string Description)
{
    /// <summary>PostgreSQL 15 is the oldest whose features the migrations use.</summary>
    private const int OldestMajor = 15;

    /// <summary>0.8 brought <c>hnsw.iterative_scan</c>.</summary>
    private static readonly Version OldestVector = new(0, 8);

    public static string Needed => $"PostgreSQL >= {OldestMajor} with pgvector >= {OldestVector}";

    public string Program(string name) => Path.Combine(Bin, name);

    /// <summary>An installed PostgreSQL >= 15 with pgvector >= 0.8, else the private bundle, which is fetched at the first use.</summary>
    /// <exception cref="LocalHostException">There is none and the bundle cannot be made here; the message names the ways out.</exception>
    public static async Task<PostgresInstallation> ResolveAsync(Action<string> progress, CancellationToken ct)
    {
        var rejected = new List<string>();
        foreach (var bin in CandidateFolders())
        {
            if (await InspectAsync(bin, rejected, ct) is { } found)
            {
                return found;
            }
        }

        foreach (var reason in rejected)
        {
            progress(reason);
        }

        return await PostgresBundle.EnsureAsync(progress, ct);
    }

    internal static bool IsRecentEnough(int major, string? vectorVersion) =>
        major >= OldestMajor && Version.TryParse(vectorVersion, out var vector) && vector >= OldestVector;

    private static IEnumerable<string> CandidateFolders()
    {
        string[] patterns = ["/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin", "/usr/local/opt/postgresql@*/bin",
            "/Applications/Postgres.app/Contents/Versions/*/bin"];
        var onPath = Tools.Find("postgres") is { } postgres ? [Path.GetDirectoryName(RealPath(postgres))!] : Array.Empty<string>();
        return onPath.Concat(patterns.SelectMany(Expand).OrderDescending(StringComparer.Ordinal)).Distinct()
            .Where(bin => File.Exists(Path.Combine(bin, "initdb")) && File.Exists(Path.Combine(bin, "postgres")));
    }

    private static IEnumerable<string> Expand(string pattern)
    {
        var star = pattern.IndexOf('*', StringComparison.Ordinal);
        var parent = pattern[..pattern.LastIndexOf('/', star)];
        var tail = pattern[(pattern.IndexOf('/', star) + 1)..];
        var name = pattern[(parent.Length + 1)..^(tail.Length + 1)];
        return Directory.Exists(parent) ? Directory.GetDirectories(parent, name).Select(folder => Path.Combine(folder, tail)) : [];
    }

    private static async Task<PostgresInstallation?> InspectAsync(string bin, List<string> rejected, CancellationToken ct)
    {
        var (exitCode, output) = await ChildProcess.RunAsync(new ChildProcessSpec(Path.Combine(bin, "postgres"), ["--version"]), ct);
        var version = VersionInOutput().Match(output);
        if (exitCode != 0 || !version.Success)
        {
            rejected.Add($"PostgreSQL in {bin} is not used: 'postgres --version' failed.");
            return null;
        }

        var major = int.Parse(version.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        if (major < OldestMajor)
        {
            rejected.Add($"PostgreSQL {version.Value} in {bin} is not used: older than {OldestMajor}.");
            return null;
        }

        var vector = VectorVersion(bin, major);
        if (vector is null || vector < OldestVector)
        {
            rejected.Add($"PostgreSQL {version.Value} in {bin} is not used: it has {(vector is null ? "no pgvector" : $"pgvector {vector}")}, needed is {OldestVector}.");
            return null;
        }

        return new PostgresInstallation(bin, $"PostgreSQL {version.Value} with pgvector {vector}, installed in {bin}");
    }

    private static Version? VectorVersion(string bin, int major)
    {
        string[] shares = [Path.Combine(bin, "..", "share", "postgresql"), Path.Combine(bin, "..", "share"), $"/usr/share/postgresql/{major}",
            $"/opt/homebrew/share/postgresql@{major}", $"/usr/local/share/postgresql@{major}"];
        var control = shares.Select(share => Path.Combine(share, "extension", "vector.control")).FirstOrDefault(File.Exists);
        if (control is null)
        {
            return null;
        }

        var match = DefaultVersion().Match(File.ReadAllText(control));
        return match.Success && Version.TryParse(match.Groups[1].Value, out var version) ? version : null;
    }

    private static string RealPath(string path) => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;

    [GeneratedRegex(@"(\d+)(\.\d+)?")]
    private static partial Regex VersionInOutput();

    [GeneratedRegex(@"default_version\s*=\s*'([0-9.]+)'")]
    private static partial Regex DefaultVersion();
}
