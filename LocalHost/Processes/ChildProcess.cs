using System.Diagnostics;

namespace Engram.LocalHost.Processes;

/// <summary>What to start and how to stop it.</summary>
internal sealed record ChildProcessSpec(string FileName, IReadOnlyList<string> Arguments)
{
    public string? WorkingDirectory { get; init; }

    /// <summary>Added to this process's environment; a null value removes the variable.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>The account to run under when this process is root, else null.</summary>
    public string? UserName { get; init; }

    public StopSignal StopSignal { get; init; } = StopSignal.Terminate;

    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// A child that cannot outlive this process. It runs in a session of its own (a Ctrl-C in the terminal reaches the AppHost only,
/// which then stops the children in order) behind <c>leash.sh</c>, whose watcher stops it when this process dies without stopping it.
/// PR_SET_PDEATHSIG was not taken: it is tied to the thread that forked, and the thread pool's threads come and go.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private static readonly string Leash = ReadLeash();
    private static readonly string? SessionProgram = FindSessionProgram();

    private readonly Process _process;
    private readonly ChildProcessSpec _spec;
    private readonly Task<int> _exited;

    private ChildProcess(Process process, ChildProcessSpec spec, Task ended)
    {
        _process = process;
        _spec = spec;
        Id = process.Id;
        _exited = WatchAsync(ended);
    }

    public int Id { get; }

    /// <summary>Completes with the exit code (128 + signal when killed by one) after all output was delivered.</summary>
    public Task<int> Exited => _exited;

    /// <exception cref="System.ComponentModel.Win32Exception">The program could not be started.</exception>
    public static ChildProcess Start(ChildProcessSpec spec, Action<string> output, Action<string>? error = null)
    {
        var start = new ProcessStartInfo
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = spec.WorkingDirectory ?? "",
        };
        if (spec.UserName is not null)
        {
            start.UserName = spec.UserName;
        }

        foreach (var argument in CommandLine(spec))
        {
            if (start.FileName.Length == 0)
            {
                start.FileName = argument;
            }
            else
            {
                start.ArgumentList.Add(argument);
            }
        }

        foreach (var (name, value) in spec.Environment)
        {
            if (value is null)
            {
                start.Environment.Remove(name);
            }
            else
            {
                start.Environment[name] = value;
            }
        }

        var process = new Process { StartInfo = start, EnableRaisingEvents = true };
        process.OutputDataReceived += (_, line) => Deliver(output, line.Data);
        process.ErrorDataReceived += (_, line) => Deliver(error ?? output, line.Data);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.Exited += (_, _) => ended.TrySetResult();
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ChildProcess(process, spec, ended.Task);
    }

    /// <summary>Runs to the end and returns the exit code and everything printed.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(ChildProcessSpec spec, CancellationToken ct)
    {
        var lines = new List<string>();
        using var child = Start(spec, line =>
        {
            lock (lines)
            {
                lines.Add(line);
            }
        });
        try
        {
            var exitCode = await child.Exited.WaitAsync(ct);
            return (exitCode, string.Join('\n', lines));
        }
        catch (OperationCanceledException)
        {
            await child.StopAsync();
            throw;
        }
    }

    /// <summary>Sends the stop signal (or another), waits the grace period, then kills the whole group.</summary>
    public async Task<int> StopAsync(StopSignal? signal = null)
    {
        if (!_exited.IsCompleted)
        {
            Signals.Send(Id, signal ?? _spec.StopSignal);
            await Task.WhenAny(_exited, Task.Delay(_spec.Grace));
            if (!_exited.IsCompleted)
            {
                Signals.Send(Id, StopSignal.Kill);
            }
        }

        return await _exited;
    }

    public void Dispose() => _process.Dispose();

    private async Task<int> WatchAsync(Task ended)
    {
        await ended;
        try
        {
            // Tells the watcher that there is nothing left to stop: it must not signal a process id that may be reused.
            await _process.StandardInput.WriteLineAsync("ended");
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The watcher is gone already.
        }

        if (SessionProgram is not null)
        {
            // What the program itself started and left behind is in its process group.
            Signals.Send(-Id, StopSignal.Kill);
        }

        // All output before the exit code; a grandchild in another session may hold the pipes open, so not for ever.
        using var drain = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await _process.WaitForExitAsync(drain.Token);
        }
        catch (OperationCanceledException)
        {
        }

        return _process.ExitCode;
    }

    private static void Deliver(Action<string> receive, string? line)
    {
        if (line is not null)
        {
            receive(line);
        }
    }

    private static IEnumerable<string> CommandLine(ChildProcessSpec spec)
    {
        string[] session = SessionProgram switch
        {
            null => [],
            var perl when perl.EndsWith("perl", StringComparison.Ordinal) => [perl, "-MPOSIX=setsid", "-e", "setsid(); exec { $ARGV[0] } @ARGV"],
            var setsid => [setsid],
        };
        var grace = Math.Max(1, (int)spec.Grace.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
        return [.. session, "/bin/sh", "-c", Leash, "leash", Signals.ShellName(spec.StopSignal), grace, spec.FileName, .. spec.Arguments];
    }

    /// <summary>setsid on Linux; macOS has none but ships perl. Neither forks here: the process id stays the program's.</summary>
    private static string? FindSessionProgram() => Tools.Find("setsid") ?? Tools.Find("perl");

    private static string ReadLeash()
    {
        using var stream = typeof(ChildProcess).Assembly.GetManifestResourceStream("leash.sh")!;
        using var reader = new StreamReader(stream);
        // Without the comments: the script is an argument that shows in every listing of processes.
        return string.Join('\n', reader.ReadToEnd().Split('\n').Where(line => !line.StartsWith('#')));
    }
}
