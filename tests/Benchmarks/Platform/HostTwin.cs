using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Engram.Benchmarks.Load;

namespace Engram.Benchmarks.Platform;

/// <summary>
/// A running host once more: the same program in the same environment on the same database, but on a port of its own and with the settings that are
/// given. Two of them differ in nothing else. Linux only, since that is where a process's environment can be read.
/// </summary>
internal sealed class HostTwin : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly Process _process;

    private HostTwin(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <param name="original">The host that runs.</param>
    /// <param name="settings">Settings to change, as environment variables.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The twin, ready for requests.</returns>
    /// <exception cref="BenchmarkException">It does not run on this machine, or its twin does not get ready.</exception>
    public static async Task<HostTwin> StartAsync(Uri original, IEnumerable<(string Name, string Value)> settings, CancellationToken cancellationToken)
    {
        var pid = ProcessTable.PidOf(original.Port) ?? throw new BenchmarkException($"The host at {original} does not run on this machine (Linux), so it has no twin.");
        var address = new Uri($"http://127.0.0.1:{FreePort().ToString(CultureInfo.InvariantCulture)}");
        var start = new ProcessStartInfo(new FileInfo($"/proc/{pid}/exe").LinkTarget!)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = new DirectoryInfo($"/proc/{pid}/cwd").LinkTarget!,
        };
        foreach (var argument in Strings($"/proc/{pid}/cmdline").Skip(1))
            start.ArgumentList.Add(argument);
        start.Environment.Clear();
        foreach (var variable in Strings($"/proc/{pid}/environ"))
            start.Environment[variable[..variable.IndexOf('=')]] = variable[(variable.IndexOf('=') + 1)..];
        start.Environment["ASPNETCORE_URLS"] = address.AbsoluteUri;
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        var output = new StringBuilder();
        var twin = new HostTwin(Process.Start(start)!, address);
        twin._process.OutputDataReceived += (_, line) => Keep(line.Data);
        twin._process.ErrorDataReceived += (_, line) => Keep(line.Data);
        twin._process.BeginOutputReadLine();
        twin._process.BeginErrorReadLine();
        try
        {
            await twin.ReadyAsync(cancellationToken);
            return twin;
        }
        catch (BenchmarkException e)
        {
            await twin.DisposeAsync();
            throw new BenchmarkException($"{e.Message}\n{output}", e);
        }

        void Keep(string? line)
        {
            lock (output)
                output.AppendLine(line);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task ReadyAsync(CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = Address };
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(100, cancellationToken))
        {
            if (_process.HasExited || clock.Elapsed > Limit)
                throw new BenchmarkException($"A twin did not get ready at {Address}. {PlatformAddress.HowToStart}");
            try
            {
                using var answer = await http.GetAsync(new Uri("health", UriKind.Relative), cancellationToken);
                if (answer.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }
        }
    }

    private static string[] Strings(string path) => File.ReadAllText(path).Split('\0', StringSplitOptions.RemoveEmptyEntries);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
