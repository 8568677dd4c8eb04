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
    private static readonly TimeSpan InstallDeadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan RunDeadline = TimeSpan.FromMinutes(2);
    private static readonly Lazy<Task<string>> Installed = new(InstallAsync);

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

    private static async Task<string> FolderAsync()
    {
        Assert.SkipUnless(HasNode(), "Node.js 20 or newer is not on the PATH; the foreign clients were not run.");
        return await Installed.Value;
    }

    private static bool HasNode()
    {
        try
        {
            using var node = Process.Start(new ProcessStartInfo("node", "--version") { RedirectStandardOutput = true })!;
            var version = node.StandardOutput.ReadToEnd();
            node.WaitForExit();
            return int.TryParse(version.TrimStart('v').Split('.')[0], out var major) && major >= 20;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    private static async Task<string> InstallAsync()
    {
        var lockFile = await File.ReadAllBytesAsync(Path.Combine(Sources, "package-lock.json"));
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
            File.Copy(Path.Combine(Sources, file), Path.Combine(draft, file));
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
