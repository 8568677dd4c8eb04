using Engram.LocalHost;
using Engram.LocalHost.Processes;

namespace Engram.AppHost.Tests;

public sealed class ChildProcessTests
{
    [Fact]
    public async Task A_variable_with_a_dash_in_its_name_reaches_the_child()
    {
        var spec = new ChildProcessSpec("env", []) { Environment = new Dictionary<string, string?> { ["ConnectionStrings__a-b"] = "value", ["PATH_TO_REMOVE"] = null } };
        var (exitCode, output) = await ChildProcess.RunAsync(spec, CancellationToken.None);
        Assert.Equal(0, exitCode);
        Assert.Contains("ConnectionStrings__a-b=value", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_child_that_ignores_the_stop_signal_is_killed_after_its_grace()
    {
        var ready = new TaskCompletionSource();
        using var child = ChildProcess.Start(
            new ChildProcessSpec("/bin/sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"]) { Grace = TimeSpan.FromSeconds(1) },
            _ => ready.TrySetResult());
        await ready.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(128 + 9, await child.StopAsync());
    }

    [Fact]
    public async Task What_a_child_started_itself_ends_with_it()
    {
        var grandchild = new TaskCompletionSource<int>();
        using var child = ChildProcess.Start(
            new ChildProcessSpec("/bin/sh", ["-c", "sleep 300 & echo $!; exit 4"]),
            line => grandchild.TrySetResult(int.Parse(line, System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(4, await child.Exited.WaitAsync(TimeSpan.FromSeconds(60)));
        var pid = await grandchild.Task;
        await Eventually.TrueAsync(() => !Signals.IsAlive(pid), TimeSpan.FromSeconds(60), () => $"{pid} is alive.");
    }

    [Fact]
    public async Task A_missing_program_is_named()
    {
        var failure = await Assert.ThrowsAsync<LocalHostException>(() => ChildProcess.RunAsync(new ChildProcessSpec("no-such-program", []), CancellationToken.None));
        Assert.Contains("'no-such-program' is needed and not found", failure.Message, StringComparison.Ordinal);
    }
}
