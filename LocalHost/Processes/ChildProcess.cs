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
/// A child that cannot outlive this process: it has a <see cref="Session"/> of its own, and the <see cref="Warden"/> stops it when this
/// process dies without doing so.
/// </summary>
internal sealed class ChildProcess : IDisposable
{
    private readonly Process _process;
    private readonly ChildProcessSpec _spec;
    private readonly Task<int> _exited;

    private ChildProcess(Process process, ChildProcessSpec spec, Task ended)
    {
        _process = process;
        _spec = spec;
        Id = process.Id;
        Warden.Current.Watch(Id, spec.StopSignal, spec.Grace);
        _exited = WatchAsync(ended);
    }

    public int Id { get; }

    /// <summary>Completes with the exit code (128 + signal when killed by one) after all output was delivered.</summary>
    public Task<int> Exited => _exited;

    /// <exception cref="LocalHostException">The program is not there.</exception>
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

        foreach (var argument in Session.Wrap(ResolveProgram(spec.FileName), spec.Arguments))
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
        // Before the child, which is then unwatched for no longer than it takes to write a line.
        _ = Warden.Current;
        process.Start();
        process.StandardInput.Close();
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
        // Not after the end, which comes before the end of the output: the process id may be another program's by then.
        if (!_process.HasExited)
        {
            Signals.Send(Id, signal ?? _spec.StopSignal);
            await Task.WhenAny(_exited, Task.Delay(_spec.Grace));
            if (!_process.HasExited)
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
        // A process id may be reused at once.
        Warden.Current.Forget(Id);
        if (Session.IsOwn)
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

    /// <summary>setsid would report a missing program only by its exit code.</summary>
    private static string ResolveProgram(string name) =>
        name.Contains('/', StringComparison.Ordinal) ? (File.Exists(name) ? name : throw Missing(name)) : Tools.Find(name) ?? throw Missing(name);

    private static LocalHostException Missing(string program) => new($"The program '{program}' is needed and not found. Install it or put it on PATH.");
}
