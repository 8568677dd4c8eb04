using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace Engram.McpServer.Tests;

/// <summary>
/// The foreign clients: npm packages, installed once per lock file into a folder of the user's cache, and run under Node. A machine
/// without Node skips these tests and says so.
/// </summary>
internal static class PeerPackages
{
    private static readonly TimeSpan InstallDeadline = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan RunDeadline = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongRunDeadline = TimeSpan.FromMinutes(8);
    private static readonly Lazy<Task<string>> Installed = new(() => InstallAsync("peers"));
    private static readonly Lazy<Task<string>> InstalledForNode22 = new(() => InstallAsync("peers-node22"));

    private static string Sources => Path.Combine(AppContext.BaseDirectory, "peers");

    /// <summary>Runs a script of the <c>peers</c> folder; returns its standard output, fails with all it said when it fails.</summary>
    public static async Task<string> RunScriptAsync(string script, params string[] arguments)
    {
        var folder = await FolderAsync();
        // Modules are looked up from the script's own place upwards, so it runs from beside node_modules.
        var source = await File.ReadAllBytesAsync(Path.Combine(Sources, script));
        var place = Path.Combine(folder, "scripts", Convert.ToHexStringLower(SHA256.HashData(source))[..16]);
        Directory.CreateDirectory(place);
        var copy = Path.Combine(place, script);
        if (!File.Exists(copy))
        {
            var draft = copy + Guid.NewGuid().ToString("N");
            await File.WriteAllBytesAsync(draft, source);
            File.Move(draft, copy, overwrite: true);
        }

        var (exitCode, output, errors) = await RunAsync("node", [copy, .. arguments], folder, RunDeadline);
        Assert.True(exitCode == 0, $"{script} ended with {exitCode}:\n{output}\n{errors}");
        return output;
    }

    /// <summary>Runs a package's command line; returns how it ended and what it wrote.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunPackageAsync(string entry, params string[] arguments)
    {
        var folder = await FolderAsync();
        return await RunAsync("node", [Path.Combine(folder, "node_modules", entry), .. arguments], folder, RunDeadline);
    }

    /// <summary>Runs a package's command line that needs Node.js 22: the machine's own where it is new enough, else the one that npm carries.</summary>
    public static async Task<(int ExitCode, string Output, string Errors)> RunPackageOnNode22Async(string entry, params string[] arguments)
    {
        Assert.SkipUnless(OwnNode() >= 20, "Node.js is not on the PATH; the foreign clients were not run.");
        var folder = await InstalledForNode22.Value;
        var node = OwnNode() >= 22 ? "node" : CarriedNode(folder);
        Assert.SkipWhen(node is null, "Node.js 22 is neither on the PATH nor to be had from npm for this platform; the newest conformance suite was not run.");
        return await RunAsync(node!, [Path.Combine(folder, "node_modules", entry), .. arguments], folder, LongRunDeadline);
    }

    private static string? CarriedNode(string folder) => Directory.EnumerateDirectories(Path.Combine(folder, "node_modules"), "node-*-*")
        .SelectMany(package => new[] { Path.Combine(package, "bin", "node"), Path.Combine(package, "bin", "node.exe") })
        .FirstOrDefault(File.Exists);

    private static async Task<string> FolderAsync()
    {
        Assert.SkipUnless(OwnNode() >= 20, "Node.js 20 or newer is not on the PATH; the foreign clients were not run.");
        return await Installed.Value;
    }

    /// <summary>The major version on the PATH; 0 where there is none.</summary>
    private static int OwnNode()
    {
        try
        {
            using var node = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true })!;
            var version = node.StandardOutput.ReadToEnd();
            node.WaitForExit();
            return int.TryParse(version.TrimStart('v').Split('.')[0], out var major) ? major : 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return 0;
        }
    }

    private static async Task<string> InstallAsync(string packages)
    {
        var sources = Path.Combine(AppContext.BaseDirectory, packages);
        var lockFile = await File.ReadAllBytesAsync(Path.Combine(sources, "package-lock.json"));
        var cache = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create),
            "engram", "test-peers");
        var folder = Path.Combine(cache, Convert.ToHexStringLower(SHA256.HashData(lockFile))[..16]);
        if (Directory.Exists(folder))
        {
            return folder;
        }

        // Installed aside and moved into place, so that an interrupted install is never used.
        var draft = Path.Combine(cache, $"draft-{Guid.NewGuid():N}");
        Directory.CreateDirectory(draft);
        foreach (var file in new[] { "package.json", "package-lock.json" })
        {
            File.Copy(Path.Combine(sources, file), Path.Combine(draft, file));
        }

        var npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
        var (exitCode, output, errors) = await RunAsync(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], draft, InstallDeadline);
        Assert.True(exitCode == 0, $"npm ci ended with {exitCode}:\n{output}\n{errors}");
        try
        {
            Directory.Move(draft, folder);
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            Directory.Delete(draft, recursive: true);
        }

        return folder;
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(
        string program, string[] arguments, string folder, TimeSpan deadline)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(program, arguments)
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                StandardOutputEncoding = Encoding.UTF8,
            },
        };
        process.Start();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var late = new CancellationTokenSource(deadline);
        try
        {
            await process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} did not end within {deadline}.\n{await output}\n{await errors}");
        }

        return (process.ExitCode, await output, await errors);
    }
}
