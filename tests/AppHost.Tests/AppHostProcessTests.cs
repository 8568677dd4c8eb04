using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Engram.LocalHost.Processes;
using Projects;

namespace Engram.AppHost.Tests;

/// <summary>How an AppHost ends, and what it leaves behind.</summary>
public sealed class AppHostProcessTests
{
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(15);

    [Fact]
    public async Task Killing_the_AppHost_with_SIGKILL_leaves_no_child()
    {
        using var data = new TemporaryFolder();
        using var host = AppHostProcess.Start<Engram_SampleAppHost>(data.Path, "--ports", "auto");
        var children = await ChildrenAsync(await host.EndpointsAsync());
        Assert.All(children, pid => Assert.True(Signals.IsAlive(pid)));
        host.Signal(StopSignal.Kill);
        await Eventually.TrueAsync(() => !children.Exists(Signals.IsAlive), StopLimit, () => $"Alive: {string.Join(", ", children.Where(Signals.IsAlive))}");
    }

    [Theory]
    [InlineData(StopSignal.Terminate)]
    [InlineData(StopSignal.Interrupt)]
    public async Task A_stop_signal_ends_every_child_and_then_the_AppHost(StopSignal signal)
    {
        using var data = new TemporaryFolder();
        using var host = AppHostProcess.Start<Engram_SampleAppHost>(data.Path, "--ports", "auto");
        var children = await ChildrenAsync(await host.EndpointsAsync());
        host.Signal(signal);
        host.Signal(signal);
        Assert.Equal(0, await host.ExitCodeAsync());
        Assert.DoesNotContain(children, Signals.IsAlive);
        Assert.False(File.Exists(host.EndpointsFile), "the endpoints file names what is no more");
        Assert.Contains("everything is stopped", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_endpoints_file_is_the_owners_and_its_secrets_survive_a_restart()
    {
        using var data = new TemporaryFolder();
        string first;
        using (var host = AppHostProcess.Start<Engram_SampleAppHost>(data.Path, "--ports", "auto"))
        {
            var endpoints = await host.EndpointsAsync();
            Assert.Equal(["back-end", "front", "shown_secret", "front_start"], endpoints.Keys);
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(host.EndpointsFile!));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(data["parameters.json"]));
            first = endpoints["shown_secret"];
            Assert.Equal($"{endpoints["front"]}/start?with={first}", endpoints["front_start"]);
            Assert.Equal(first, JsonSerializer.Deserialize<Dictionary<string, string>>(await File.ReadAllTextAsync(data["parameters.json"]))!["shown-secret"]);
            host.Signal(StopSignal.Terminate);
            await host.ExitCodeAsync();
        }

        using var again = AppHostProcess.Start<Engram_SampleAppHost>(data.Path, "--ports", "auto");
        Assert.Equal(first, (await again.EndpointsAsync())["shown_secret"]);
    }

    [Fact]
    public async Task Secrets_given_to_the_AppHost_are_not_inherited_by_every_service()
    {
        using var data = new TemporaryFolder();
        using var host = AppHostProcess.Start<Engram_SampleAppHost>(data.Path, "--ports", "auto");
        using var client = new HttpClient();
        var variables = await client.GetFromJsonAsync<Dictionary<string, string>>((await host.EndpointsAsync())["front"] + "/environment");
        Assert.True(variables!.ContainsKey("PATH"), "the rest is");
        Assert.DoesNotContain("ConnectionStrings__given", variables.Keys);
        Assert.DoesNotContain("Parameters__given", variables.Keys);
    }

    [Fact]
    public async Task A_port_in_use_is_named_with_its_resource_and_the_way_out()
    {
        using var data = new TemporaryFolder();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var host = AppHostProcess.Start<Engram_SampleAppHost>(data.Path, "--ports", $"{port}");
        Assert.Equal(1, await host.ExitCodeAsync());
        Assert.Contains($"Port {port}, wanted by 'back-end', is in use", host.Output, StringComparison.Ordinal);
        Assert.Contains("--ports auto", host.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", host.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_AppHost_on_the_same_data_folder_is_refused()
    {
        using var data = new TemporaryFolder();
        using var first = AppHostProcess.Start<Engram_SampleAppHost>(data.Path, "--ports", "auto");
        await first.EndpointsAsync();
        using var second = AppHostProcess.Start<Engram_SampleAppHost>(data.Path, "--ports", "auto");
        Assert.Equal(1, await second.ExitCodeAsync());
        Assert.Contains("in use by another AppHost", second.Output, StringComparison.Ordinal);
        Assert.True(File.Exists(first.EndpointsFile), "the second one leaves the first one's file alone");
    }

    [Fact]
    public async Task A_failed_start_ends_the_AppHost_with_exit_code_1_and_the_reason()
    {
        using var data = new TemporaryFolder();
        using var host = AppHostProcess.Start<Engram_SampleAppHost>(data.Path, "--ports", "auto", "--JobExitCode", "9");
        Assert.Equal(1, await host.ExitCodeAsync());
        Assert.Contains("job ended with exit code 9", host.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--ports", "many", "--ports takes 'auto' or a port")]
    [InlineData("--data", null, "--data needs a value")]
    public async Task A_wrong_option_is_explained(string option, string? value, string expected)
    {
        using var data = new TemporaryFolder();
        using var host = AppHostProcess.Start<Engram_SampleAppHost>(data.Path, value is null ? [option] : [option, value]);
        Assert.Equal(2, await host.ExitCodeAsync());
        Assert.Contains(expected, host.Output, StringComparison.Ordinal);
    }

    private static async Task<List<int>> ChildrenAsync(Dictionary<string, string> endpoints)
    {
        using var client = new HttpClient();
        var children = new List<int>();
        foreach (var name in new[] { "front", "back-end" })
        {
            children.Add(await client.GetFromJsonAsync<int>(endpoints[name] + "/process"));
        }

        return children;
    }
}
