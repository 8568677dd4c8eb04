using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Engram.LocalHost.Processes;

namespace Engram.AppHost.Tests;

/// <summary>An AppHost as a process of its own, as `dotnet run` starts it.</summary>
internal sealed class AppHostProcess : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private AppHostProcess(Process process, string? endpointsFile)
    {
        _process = process;
        EndpointsFile = endpointsFile;
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string? EndpointsFile { get; }

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static AppHostProcess Start<TAppHost>(string data, params string[] args)
    {
        var endpoints = Path.Combine(data, "endpoints.json");
        var start = DotnetStart.Of(["exec", typeof(TAppHost).Assembly.Location, "--data", data, "--endpoints-file", endpoints, .. args]);
        // What somebody may have exported for the AppHost.
        start.Environment["ConnectionStrings__given"] = "Host=elsewhere;Password=of the owner";
        start.Environment["Parameters__given"] = "secret";
        return new AppHostProcess(Process.Start(start)!, endpoints);
    }

    /// <summary>Waits until everything is healthy.</summary>
    public async Task<Dictionary<string, string>> EndpointsAsync()
    {
        await Eventually.TrueAsync(() => File.Exists(EndpointsFile) || _process.HasExited, Limit, () => Output);
        Assert.False(_process.HasExited, $"The AppHost ended:\n{Output}");
        return JsonSerializer.Deserialize<Dictionary<string, string>>(await File.ReadAllTextAsync(EndpointsFile!))!;
    }

    public void Signal(StopSignal signal) => Signals.Send(_process.Id, signal);

    public async Task<int> ExitCodeAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        await _process.WaitForExitAsync(limit.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private void Add(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
