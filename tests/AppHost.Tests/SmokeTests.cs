extern alias smoke;

using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text.Json;
using Engram.LocalHost.Processes;
using Projects;

namespace Engram.AppHost.Tests;

/// <summary>The whole platform, started once, for those that look at it from outside.</summary>
public sealed class RunningPlatform : IAsyncLifetime
{
    private readonly TemporaryFolder _data = new();
    private AppHostProcess? _host;

    internal string EndpointsFile => _host!.EndpointsFile!;

    internal Dictionary<string, string> Endpoints { get; private set; } = [];

    internal string this[string file] => _data[file];

    public async ValueTask InitializeAsync()
    {
        _host = AppHostProcess.Start<Engram_AppHost>(_data.Path, "--ports", "auto");
        Endpoints = await _host.EndpointsAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            _host.Signal(StopSignal.Terminate);
            await _host.ExitCodeAsync();
            _host.Dispose();
        }

        _data.Dispose();
    }
}

/// <summary>The smoke as a program of its own against the real platform: what a deployment runs.</summary>
public sealed class SmokeTests(RunningPlatform platform) : IClassFixture<RunningPlatform>
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(6);

    private static readonly string[] Groups =
    [
        "auth", "keys", "buckets", "memories", "dedup", "filters", "query", "streaming", "mcp", "provider faults", "portal", "usage and latency", "isolation and errors",
    ];

    [Fact]
    public async Task It_passes_skips_nothing_is_kept_and_leaves_no_tenant()
    {
        var json = platform["smoke.json"];
        var (exit, output) = await RunAsync("--json", json, "--append", platform["smoke.ndjson"]);

        Assert.True(exit == 0, output);
        using var report = JsonDocument.Parse(await File.ReadAllTextAsync(json));
        var checks = report.RootElement.GetProperty("checks").EnumerateArray().ToArray();
        Assert.True(checks.Length >= 100, $"{checks.Length} checks");
        Assert.All(checks, check => Assert.Equal("passed", check.GetProperty("outcome").GetString()));
        Assert.Equal(Groups, report.RootElement.GetProperty("groups").EnumerateArray().Select(group => group.GetProperty("group").GetString()!));
        Assert.Equal(checks.Length, (await File.ReadAllLinesAsync(platform["smoke.ndjson"])).Length);
        var kept = await GetAsync($"/account/smoke/{report.RootElement.GetProperty("run").GetString()}", platform.Endpoints["api_key"]);
        Assert.Equal(checks.Length, kept.GetProperty("checks").GetArrayLength());
        Assert.Equal("passed", kept.GetProperty("verdict").GetString());
        Assert.Equal(["Development"], await TenantsAsync());
    }

    [Fact]
    public async Task Stopped_in_the_middle_it_says_that_there_is_no_verdict_and_leaves_no_tenant()
    {
        using var smoke = Start();
        var output = smoke.StandardOutput.ReadToEndAsync();
        await Eventually.TrueAsync(() => TenantsAsync().Result.Length == 3, Limit, () => "The smoke never made its tenants.");
        Signals.Send(smoke.Id, StopSignal.Interrupt);
        await smoke.WaitForExitAsync(new CancellationTokenSource(Limit).Token);

        Assert.True(smoke.ExitCode == 2, await output);
        Assert.Contains("ABORTED", await output, StringComparison.Ordinal);
        Assert.Equal(["Development"], await TenantsAsync());
    }

    [Fact]
    public async Task Where_nobody_answers_there_is_no_verdict()
    {
        var (exit, output) = await RunAsync("--api", "http://localhost:1");
        Assert.True(exit == 2, output);
        Assert.Contains("No Api answers", output, StringComparison.Ordinal);
    }

    private Process Start(params string[] args) =>
        Process.Start(DotnetStart.Of(["exec", typeof(smoke::Engram.Smoke.ExitCode).Assembly.Location, "--endpoints", platform.EndpointsFile, .. args]))!;

    private async Task<(int Exit, string Output)> RunAsync(params string[] args)
    {
        using var smoke = Start(args);
        var (output, error) = (smoke.StandardOutput.ReadToEndAsync(), smoke.StandardError.ReadToEndAsync());
        await smoke.WaitForExitAsync(new CancellationTokenSource(Limit).Token);
        return (smoke.ExitCode, await output + await error);
    }

    private async Task<string[]> TenantsAsync() =>
        [.. (await GetAsync("/admin/tenants", platform.Endpoints["operator_secret"])).GetProperty("tenants").EnumerateArray().Select(tenant => tenant.GetProperty("name").GetString()!)];

    private async Task<JsonElement> GetAsync(string path, string secret)
    {
        using var client = new HttpClient { BaseAddress = new Uri(platform.Endpoints["api"]) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        return JsonElement.Parse(await client.GetStringAsync(path));
    }
}
