using System.Runtime.InteropServices;
using Engram.LocalHost.Processes;

namespace Engram.LocalHost.Postgres;

/// <summary>
/// Reads Debian packages with the machine's own apt (its proxy, mirror and keys), but with private lists and a private cache,
/// so that it needs no root and changes nothing on the machine. apt verifies the archive's signature and every file's checksum.
/// </summary>
internal sealed class AptArchive(string folder)
{
    /// <summary>Debian 13: the first release with pgvector 0.8.</summary>
    private const string Suite = "trixie";

    private string[] _options = [];

    public static bool IsAvailable => OperatingSystem.IsLinux() && Tools.Find("apt-get") is not null && Tools.Find("dpkg-deb") is not null;

    /// <summary>Fetches the lists of the suite.</summary>
    /// <returns>Null, or why it cannot be done here.</returns>
    public async Task<string?> OpenAsync(CancellationToken ct)
    {
        var mirror = Environment.GetEnvironmentVariable("ENGRAM_DEBIAN_MIRROR") is { Length: > 0 } given ? given : await FindMirrorAsync(ct);
        if (mirror is null)
        {
            return "apt is configured for no Debian mirror (ENGRAM_DEBIAN_MIRROR can name one)";
        }

        foreach (var name in new[] { "lists/partial", "cache/archives/partial" })
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
        }

        var sources = Path.Combine(folder, "sources.list");
        const string keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
        var signedBy = File.Exists(keyring) ? $"[signed-by={keyring}] " : "";
        await File.WriteAllTextAsync(sources, $"deb {signedBy}{mirror} {Suite} main\n", ct);
        _options =
        [
            "-q", "-o", $"Dir::Etc::sourcelist={sources}", "-o", "Dir::Etc::sourceparts=/dev/null",
            "-o", $"Dir::State::Lists={folder}/lists", "-o", $"Dir::Cache={folder}/cache",
            // The folder belongs to this process, which apt's own sandbox account cannot enter.
            "-o", "APT::Sandbox::User=root", "-o", "APT::Get::List-Cleanup=false", "-o", "Acquire::Languages=none",
            "-o", $"APT::Architecture={Architecture}", "-o", "Acquire::Retries=3",
            // A list that cannot be fetched or verified is a warning by default, and old lists would be used.
            "-o", "APT::Update::Error-Mode=any",
            // Whatever the machine's own settings say: nothing unsigned is unpacked and run.
            "-o", "APT::Get::AllowUnauthenticated=false", "-o", "Acquire::AllowInsecureRepositories=false", "-o", "Acquire::AllowWeakRepositories=false",
        ];
        var (exitCode, output) = await RunAsync("apt-get", ["update"], ct);
        return exitCode == 0 ? null : $"'apt-get update' for Debian's {Suite} failed: {LastLines(output)}";
    }

    /// <summary>The packages and the libraries they need, transitively.</summary>
    public async Task<IReadOnlyList<string>> ClosureAsync(IEnumerable<string> roots, Func<string, bool> include, CancellationToken ct)
    {
        string[] kinds = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"];
        var (exitCode, output) = await RunAsync("apt-cache", ["depends", "--recurse", .. kinds.Select(kind => $"--no-{kind}"), .. roots], ct);
        if (exitCode != 0)
        {
            throw new LocalHostException($"'apt-cache depends' failed: {LastLines(output)}");
        }

        return [.. output.Split('\n').Where(line => line.Length > 0 && char.IsAsciiLetterLower(line[0]) && include(line)).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>Downloads the packages into a folder; apt has verified them when this returns.</summary>
    public async Task<IReadOnlyList<string>> DownloadAsync(IReadOnlyList<string> packages, string into, Action<int> downloaded, CancellationToken ct)
    {
        Directory.CreateDirectory(into);
        var run = RunAsync("apt-get", ["download", .. packages], ct, into);
        var last = 0;
        while (await Task.WhenAny(run, Task.Delay(TimeSpan.FromSeconds(1), ct)) != run)
        {
            ct.ThrowIfCancellationRequested();
            var count = Directory.GetFiles(into, "*.deb").Length;
            if (count != last)
            {
                downloaded(last = count);
            }
        }

        var (exitCode, output) = await run;
        return exitCode == 0
            ? [.. Directory.GetFiles(into, "*.deb").Order(StringComparer.Ordinal)]
            : throw new LocalHostException($"Downloading PostgreSQL failed: {LastLines(output)}");
    }

    private static string Architecture => RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64";

    private static async Task<string?> FindMirrorAsync(CancellationToken ct)
    {
        var (exitCode, output) = await ChildProcess.RunAsync(
            new ChildProcessSpec("apt-get", ["indextargets", "--format", "$(ORIGIN)|$(REPO_URI)"]), ct);
        if (exitCode != 0)
        {
            return null;
        }

        // ORIGIN is known only where lists were fetched already (not in a fresh container): then the path must say Debian.
        return output.Split('\n').Select(line => line.Split('|', 2)).Where(parts => parts.Length == 2)
            .Where(parts => parts[1].TrimEnd('/').EndsWith("/debian", StringComparison.Ordinal) || parts[0] == "Debian")
            .Where(parts => !parts[1].Contains("security", StringComparison.Ordinal))
            .Select(parts => parts[1]).FirstOrDefault();
    }

    private Task<(int ExitCode, string Output)> RunAsync(string program, string[] arguments, CancellationToken ct, string? workingDirectory = null) =>
        ChildProcess.RunAsync(
            new ChildProcessSpec(program, [.. _options, .. arguments])
            {
                WorkingDirectory = workingDirectory,
                Environment = new Dictionary<string, string?> { ["LC_ALL"] = "C", ["DEBIAN_FRONTEND"] = "noninteractive" },
            },
            ct);

    private static string LastLines(string output) =>
        string.Join(" / ", output.Split('\n').Where(line => line.StartsWith("E:", StringComparison.Ordinal) || line.StartsWith("W:", StringComparison.Ordinal)).TakeLast(4));
}
