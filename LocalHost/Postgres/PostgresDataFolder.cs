using System.Globalization;
using System.Security.Cryptography;
using Engram.LocalHost.Processes;

namespace Engram.LocalHost.Postgres;

/// <summary>A data folder made by initdb and locked for one server of ours.</summary>
internal sealed class PostgresDataFolder : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerAndPassage = OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private readonly FolderLock _lock;

    private PostgresDataFolder(string folder, FolderLock taken)
    {
        Folder = folder;
        _lock = taken;
    }

    public string Folder { get; }

    public static async Task<PostgresDataFolder> OpenAsync(string wanted, PostgresInstallation installation, PostgresServerOptions options, CancellationToken ct)
    {
        wanted = Path.GetFullPath(wanted);
        CreateParent(wanted);
        var taken = FolderLock.TryTake(wanted + ".lock")
            ?? throw new LocalHostException($"The data folder {wanted} is in use by another AppHost. Stop that one, or give this one a folder of its own: --data DIR");
        try
        {
            var folder = Place(wanted, options.Log);
            if (!File.Exists(Path.Combine(folder, "PG_VERSION")))
            {
                await InitialiseAsync(folder, installation, options, ct);
            }

            await RemoveTracesOfOldServerAsync(folder, options.Log, ct);
            return new PostgresDataFolder(folder, taken);
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }

    public void Dispose() => _lock.Dispose();

    /// <summary>
    /// As root the server runs under another account, which may not be able to pass to the wanted folder (root's home is closed):
    /// then the database is kept under /var/lib and the wanted folder is a link to it.
    /// </summary>
    private static string Place(string wanted, Action<string> log)
    {
        if (PostgresAccount.Name is null || UserFolders.IsReachableByOthers(wanted))
        {
            return wanted;
        }

        var name = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(wanted)))[..16];
        var reachable = Path.Combine("/var/lib/engram-aspire/moved", name, "postgres");
        CreateParent(reachable);
        if (!Path.Exists(wanted))
        {
            if (Directory.Exists(reachable))
            {
                // Who deleted the wanted folder wants to begin anew, but a database is not deleted unasked.
                Directory.Move(reachable, $"{reachable}.{DateTime.UtcNow:yyyyMMddHHmmss}");
            }

            log($"the account '{PostgresAccount.Name}' cannot reach {wanted}: the database is kept in {reachable}");
            File.CreateSymbolicLink(wanted, reachable);
        }

        return reachable;
    }

    private static void CreateParent(string folder) => Directory.CreateDirectory(Path.GetDirectoryName(folder)!, OwnerAndPassage);

    /// <summary>Runs initdb in a folder beside it and renames, so that an interrupted initdb leaves nothing that looks like a database.</summary>
    private static async Task InitialiseAsync(string folder, PostgresInstallation installation, PostgresServerOptions options, CancellationToken ct)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new LocalHostException($"{folder} is neither empty nor a PostgreSQL data folder. Choose another one: --data DIR");
        }

        options.Log("making the database folder");
        var partial = folder + ".partial";
        var passwordFile = folder + ".password";
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        try
        {
            Directory.CreateDirectory(partial, OwnerOnly);
            await PostgresAccount.GiveAsync(partial, ct);
            await using (var file = new FileStream(passwordFile, new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                await file.WriteAsync(System.Text.Encoding.UTF8.GetBytes(options.Password + "\n"), ct);
            }

            await PostgresAccount.GiveAsync(passwordFile, ct);
            // C.UTF-8 sorts the same on every machine; macOS does not have it.
            var locale = OperatingSystem.IsMacOS() ? "en_US.UTF-8" : "C.UTF-8";
            List<string> arguments = ["-D", partial, "--username=postgres", $"--pwfile={passwordFile}", "--auth=scram-sha-256", "--encoding=UTF8", $"--locale={locale}"];
            if (!options.Durable)
            {
                arguments.Add("--no-sync");
            }

            var (exitCode, output) = await ChildProcess.RunAsync(
                new ChildProcessSpec(installation.Program("initdb"), arguments) { UserName = PostgresAccount.Name, WorkingDirectory = partial }, ct);
            if (exitCode != 0)
            {
                throw new LocalHostException($"Making the database folder failed: {output}");
            }

            if (Directory.Exists(folder))
            {
                Directory.Delete(folder);
            }

            Directory.Move(partial, folder);
        }
        finally
        {
            File.Delete(passwordFile);
        }
    }

    /// <summary>
    /// We hold the folder's lock, so a server that still runs on it is one whose AppHost died a moment ago: wait for its shutdown.
    /// A postmaster.pid whose process id now belongs to another program would keep PostgreSQL from starting: remove it.
    /// </summary>
    private static async Task RemoveTracesOfOldServerAsync(string folder, Action<string> log, CancellationToken ct)
    {
        var file = Path.Combine(folder, "postmaster.pid");
        if (!File.Exists(file) || !int.TryParse((await File.ReadAllLinesAsync(file, ct)).FirstOrDefault(), CultureInfo.InvariantCulture, out var pid))
        {
            return;
        }

        if (!await IsServerOfAsync(pid, folder, ct))
        {
            log("the last run did not end cleanly: PostgreSQL recovers");
            File.Delete(file);
            return;
        }

        log($"waiting for the PostgreSQL of the last run (process {pid}) to stop");
        Signals.Send(pid, StopSignal.Interrupt);
        for (var waited = 0; Signals.IsAlive(pid); waited++)
        {
            if (waited == 100)
            {
                Signals.Send(pid, StopSignal.Quit);
            }
            else if (waited == 200)
            {
                throw new LocalHostException($"PostgreSQL of the last run (process {pid}) does not stop. End it and start again.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), ct);
        }
    }

    private static async Task<bool> IsServerOfAsync(int pid, string folder, CancellationToken ct) =>
        Signals.IsAlive(pid) && string.Join(' ', await CommandLine.OfAsync(pid, ct)).Contains(folder, StringComparison.Ordinal);
}
