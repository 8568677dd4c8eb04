using System.Runtime.InteropServices;
using Engram.LocalHost.Processes;

namespace Engram.LocalHost.Postgres;

/// <summary>
/// A private PostgreSQL 17 with pgvector, made of Debian 13's packages with their own libc, so that it runs on older
/// distributions too. Cached per user; made in a folder beside it and renamed when complete, so that a half-finished one is never used.
/// </summary>
internal static class PostgresBundle
{
    private const string Major = "17";
    private const string ManifestName = "bundle.manifest";

    private static readonly string[] Roots = [$"postgresql-{Major}", $"postgresql-{Major}-pgvector", $"postgresql-client-{Major}"];
    private static readonly string[] Programs = ["postgres", "initdb", "pg_ctl", "psql", "pg_dump", "pg_restore", "pg_isready"];

    private static bool IsArm => RuntimeInformation.OSArchitecture == Architecture.Arm64;

    private static string Libraries => IsArm ? "aarch64-linux-gnu" : "x86_64-linux-gnu";

    private static string Loader => IsArm ? "ld-linux-aarch64.so.1" : "ld-linux-x86-64.so.2";

    public static async Task<PostgresInstallation> EnsureAsync(Action<string> progress, CancellationToken ct, string? cache = null)
    {
        cache ??= UserFolders.Cache;
        var folder = FolderIn(cache);
        if (Find(folder) is { } ready)
        {
            return ready;
        }

        Directory.CreateDirectory(cache);
        using var taken = await FolderLock.TakeAsync(folder + ".lock", () => progress("another start is fetching PostgreSQL, waiting for it"), ct);
        if (Find(folder) is { } made)
        {
            return made;
        }

        var partial = folder + ".partial";
        DeleteFolder(partial);
        Directory.CreateDirectory(partial);
        try
        {
            await MakeAsync(partial, progress, ct);
            DeleteFolder(folder);
            Directory.Move(partial, folder);
        }
        finally
        {
            DeleteFolder(partial);
        }

        return Find(folder) ?? throw new LocalHostException($"The PostgreSQL bundle in {folder} is not complete. Delete that folder and start again.");
    }

    internal static string FolderIn(string cache) => Path.Combine(cache, $"postgres-{Major}-linux-{(IsArm ? "arm64" : "x64")}");

    /// <summary>The bundle in a folder if it is whole: the manifest is written last, and every file it names has its size.</summary>
    internal static PostgresInstallation? Find(string folder)
    {
        var manifest = Path.Combine(folder, ManifestName);
        if (!File.Exists(manifest))
        {
            return null;
        }

        var lines = File.ReadAllLines(manifest);
        foreach (var file in lines.Skip(1).Select(line => line.Split(' ', 2)))
        {
            var info = new FileInfo(Path.Combine(folder, file[1]));
            if (!info.Exists || info.Length.ToString(System.Globalization.CultureInfo.InvariantCulture) != file[0])
            {
                return null;
            }
        }

        return new PostgresInstallation(Path.Combine(folder, "usr/lib/postgresql", Major, "bin"), lines[0]);
    }

    private static async Task MakeAsync(string folder, Action<string> progress, CancellationToken ct)
    {
        if (!AptArchive.IsAvailable)
        {
            throw Impossible("a private one can be made only where apt is (Debian, Ubuntu)");
        }

        progress("PostgreSQL with pgvector is not installed: fetching a private copy (once, about 45 MB)");
        var work = Path.Combine(folder, "work");
        progress("reading Debian's package lists");
        var archive = new AptArchive(work);
        Directory.CreateDirectory(work);
        if (await archive.OpenAsync(ct) is { } reason)
        {
            throw Impossible(reason);
        }

        var packages = await archive.ClosureAsync(Roots, IsWanted, ct);
        var files = await archive.DownloadAsync(packages, Path.Combine(work, "debs"), count => progress($"fetching PostgreSQL: {count} of {packages.Count} packages"), ct);
        progress($"unpacking {files.Count} packages ({files.Sum(file => new FileInfo(file).Length) / 1_000_000} MB)");
        foreach (var file in files)
        {
            await UnpackAsync(file, folder, ct);
        }

        foreach (var program in Programs)
        {
            Wrap(Path.Combine(folder, "usr/lib/postgresql", Major, "bin", program));
        }

        await VerifyAsync(folder, ct);
        var description = Describe(files);
        Directory.Delete(work, recursive: true);
        WriteManifest(folder, description);
        progress($"{description} is ready");
    }

    /// <summary>Libraries only: LLVM (jit is off), Perl and the packaging tools are never loaded by the server.</summary>
    private static bool IsWanted(string package)
    {
        string[] unwanted = ["libllvm", "libz3", "libperl", "libdebian", "libnewt", "libslang", "libtext", "libdebconf", "libpam-modules", "libsemanage", "libsepol"];
        return Roots.Contains(package) || package is "zlib1g" or "tzdata"
            || (package.StartsWith("lib", StringComparison.Ordinal)
                && !package.EndsWith("-perl", StringComparison.Ordinal) && !package.EndsWith("-common", StringComparison.Ordinal) && !package.StartsWith("libc-", StringComparison.Ordinal)
                && !unwanted.Any(prefix => package.StartsWith(prefix, StringComparison.Ordinal)));
    }

    private static async Task UnpackAsync(string file, string folder, CancellationToken ct)
    {
        var (exitCode, output) = await ChildProcess.RunAsync(new ChildProcessSpec("dpkg-deb", ["-x", file, folder]), ct);
        if (exitCode != 0)
        {
            throw new LocalHostException($"Unpacking {Path.GetFileName(file)} failed: {output}");
        }
    }

    /// <summary>
    /// Runs the program through the bundle's own loader and libraries. <c>--argv0</c> lets PostgreSQL find its share folder;
    /// initdb looks for a program named postgres beside itself, so the wrapper takes the program's name.
    /// </summary>
    private static void Wrap(string program)
    {
        File.Move(program, program + ".real");
        File.WriteAllText(program, $"""
            #!/bin/sh
            bin=$(CDPATH= cd -- "${"{0%/*}"}" && pwd)
            root=$bin/../../../../..
            exec "$root/usr/lib/{Libraries}/{Loader}" --library-path "$root/usr/lib/{Libraries}" --argv0 "$bin/{Path.GetFileName(program)}" "$bin/{Path.GetFileName(program)}.real" "$@"

            """.ReplaceLineEndings("\n"));
        File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
    }

    /// <summary>Every library of the server and of the extensions is in the bundle, and the server runs.</summary>
    private static async Task VerifyAsync(string folder, CancellationToken ct)
    {
        var library = Path.Combine(folder, "usr/lib", Libraries);
        var server = Path.Combine(folder, "usr/lib/postgresql", Major);
        foreach (var file in new[] { "bin/postgres.real", "bin/initdb.real", "lib/vector.so", "lib/pg_trgm.so", "lib/pgcrypto.so", "lib/btree_gist.so" })
        {
            var (exitCode, output) = await ChildProcess.RunAsync(
                new ChildProcessSpec(Path.Combine(library, Loader), ["--library-path", library, "--list", Path.Combine(server, file)]), ct);
            if (exitCode != 0 || output.Contains("not found", StringComparison.Ordinal))
            {
                throw Impossible($"the libraries of {file} are not complete ({output.Split('\n').FirstOrDefault(line => line.Contains("not found", StringComparison.Ordinal))?.Trim()})");
            }
        }

        var (runs, version) = await ChildProcess.RunAsync(new ChildProcessSpec(Path.Combine(server, "bin", "postgres"), ["--version"]), ct);
        if (runs != 0)
        {
            throw Impossible($"the private copy does not run here ({version})");
        }
    }

    private static string Describe(IReadOnlyList<string> files)
    {
        string Version(string package) => Path.GetFileName(files.First(file => Path.GetFileName(file).StartsWith(package + "_", StringComparison.Ordinal))).Split('_')[1].Split('-')[0];
        return $"PostgreSQL {Version(Roots[0])} with pgvector {Version(Roots[1])} (private copy)";
    }

    private static void WriteManifest(string folder, string description)
    {
        var files = Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
            .Where(file => file.Contains("/lib/", StringComparison.Ordinal) || file.Contains("/extension/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(file => $"{new FileInfo(file).Length} {Path.GetRelativePath(folder, file)}");
        var manifest = Path.Combine(folder, ManifestName);
        File.WriteAllLines(manifest + ".new", [description, .. files]);
        File.Move(manifest + ".new", manifest);
    }

    private static void DeleteFolder(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static LocalHostException Impossible(string reason) => new(
        $"""
        No {PostgresInstallation.Needed} is to be had: none is installed, and {reason}.
        Ways out, any one of them:
          - give one you have:    ENGRAM_POSTGRES='Host=...;Port=5432;Username=postgres;Password=...' (an account that may create databases and roles)
          - install one:          Debian 13: apt-get install postgresql-17 postgresql-17-pgvector    macOS: brew install postgresql@17 pgvector
          - run with containers:  aspire run
        """);
}
