using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Engram.Benchmarks.Mcp;

/// <summary>
/// npm <c>@modelcontextprotocol/server-memory</c>, the reference memory server, as its clients run it: a process spoken to over standard input and
/// output, with a file of its own. Installed once per lock file into the user's cache.
/// </summary>
internal sealed class MemoryServer : IAsyncDisposable
{
    private const string Entry = "node_modules/@modelcontextprotocol/server-memory/dist/index.js";

    private readonly Process _process;
    private readonly string _file;
    private readonly Task<string> _errors;
    private int _id;

    private MemoryServer(Process process, string file) => (_process, _file, _errors) = (process, file, process.StandardError.ReadToEndAsync());

    /// <summary>Starts it with an empty memory.</summary>
    public static async Task<MemoryServer> StartAsync(CancellationToken cancellationToken)
    {
        var folder = await InstalledAsync(cancellationToken);
        var file = Path.Combine(Path.GetTempPath(), $"engram-mcp-compare-{Guid.NewGuid():N}.jsonl");
        var start = new ProcessStartInfo("node", [Path.Combine(folder, Entry)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            StandardOutputEncoding = Encoding.UTF8,
        };
        start.Environment["MEMORY_FILE_PATH"] = file;
        var server = new MemoryServer(Process.Start(start)!, file);
        try
        {
            await server.SendAsync(
                "initialize", new { protocolVersion = "2025-11-25", capabilities = new { }, clientInfo = new { name = "engram-benchmarks", version = "1" } }, cancellationToken);
            await server.WriteAsync(new { jsonrpc = "2.0", method = "notifications/initialized" }, cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Calls a tool.</summary>
    /// <returns>Its structured content, and the time from writing the request to having read the answer.</returns>
    public async Task<(JsonElement Content, double Milliseconds)> CallAsync(string tool, object arguments, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var result = await SendAsync("tools/call", new { name = tool, arguments }, cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        return result.TryGetProperty("structuredContent", out var content)
            ? (content, elapsed)
            : throw new BenchmarkException($"The memory server's tool {tool} failed: {result.GetRawText()}");
    }

    public async ValueTask DisposeAsync()
    {
        // It ends with its input.
        _process.StandardInput.Close();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
        File.Delete(_file);
    }

    private async Task<JsonElement> SendAsync(string method, object parameters, CancellationToken cancellationToken)
    {
        var id = ++_id;
        await WriteAsync(new { jsonrpc = "2.0", id, method, @params = parameters }, cancellationToken);
        while (await _process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            var message = JsonElement.Parse(line);
            if (message.TryGetProperty("id", out var answered) && answered.GetInt32() == id)
            {
                return message.TryGetProperty("result", out var result)
                    ? result
                    : throw new BenchmarkException($"The memory server refused {method}: {line}");
            }
        }

        throw new BenchmarkException($"The memory server ended: {await _errors}");
    }

    private async Task WriteAsync(object message, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(message).AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
    }

    private static async Task<string> InstalledAsync(CancellationToken cancellationToken)
    {
        var sources = Path.Combine(AppContext.BaseDirectory, "peers");
        var hash = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(sources, "package-lock.json"), cancellationToken)))[..16];
        var cache = Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create), "engram", "benchmark-peers");
        var folder = Path.Combine(cache, hash);
        if (Directory.Exists(folder))
            return folder;

        // Installed aside and moved into place, so that an interrupted install is never used.
        var draft = Path.Combine(cache, $"draft-{Guid.NewGuid():N}");
        Directory.CreateDirectory(draft);
        foreach (var file in new[] { "package.json", "package-lock.json" })
            File.Copy(Path.Combine(sources, file), Path.Combine(draft, file));
        await Console.Error.WriteLineAsync("Installing the memory server to compare with (npm ci)");
        using var npm = Process.Start(new ProcessStartInfo(
            OperatingSystem.IsWindows() ? "npm.cmd" : "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        { WorkingDirectory = draft, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (npm.StandardOutput.ReadToEndAsync(cancellationToken), npm.StandardError.ReadToEndAsync(cancellationToken));
        await npm.WaitForExitAsync(cancellationToken);
        if (npm.ExitCode != 0)
            throw new BenchmarkException($"npm ci ended with {npm.ExitCode}: {await output}{await errors}");
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
}
