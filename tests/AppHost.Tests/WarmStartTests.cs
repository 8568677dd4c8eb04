using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Engram.Benchmarks.Load;
using Engram.LocalHost.Processes;
using Projects;

namespace Engram.AppHost.Tests;

/// <summary>A host that has just started answers its first caller as it answers everybody later.</summary>
public sealed class WarmStartTests
{
    private const int Starts = 3;
    private const int SteadyCalls = 100;

    // Of the p95 of the calls that follow it. Cold, a first call is ten to a hundred times that; a busy machine makes it two or three times.
    private const double Bound = 5;

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    /// <summary>What is called, as a client that has no connection yet.</summary>
    private static readonly (string Host, string Name, string Path, string? Body)[] Calls =
    [
        ("api", "GET /router/buckets", "/router/buckets", null),
        ("api", "POST /v1/query", "/v1/query", """{"query":"Where does Mia live now?","options":{"skip_synthesis":true}}"""),
        ("mcp", "list_memories", "/mcp", """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_memories","arguments":{}}}"""),
        ("mcp", "search_memories", "/mcp", """{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"search_memories","arguments":{"query":"Where does Mia live now?"}}}"""),
    ];

    [Fact]
    public async Task The_first_call_of_a_host_that_was_restarted_is_inside_what_it_takes_later()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Finds the hosts by their ports in /proc.");
        using var data = new TemporaryFolder();
        using var platform = AppHostProcess.Start<Engram_AppHost>(data.Path, "--ports", "auto");
        var endpoints = await platform.EndpointsAsync();
        using var http = new HttpClient { DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", endpoints["api_key"]) } };
        await SendAsync(http, new Uri(new Uri(endpoints["api"]), "/v1/buckets/default/memories"), """{"content":"Mia moved to Lisbon in May.","infer":false}""");

        var misses = new List<string>();
        foreach (var host in Calls.Select(call => call.Host).Distinct())
        {
            var calls = Calls.Where(call => call.Host == host).Select(call => (call.Name, Url: new Uri(new Uri(endpoints[host]), call.Path), call.Body)).ToArray();
            var seen = calls.Select(_ => new List<(double First, double P95)>()).ToArray();
            for (var start = 0; start < Starts; start++)
            {
                await RestartAsync(http, calls[0].Url);
                var first = new double[calls.Length];
                for (var i = 0; i < calls.Length; i++)
                    first[i] = await SendAsync(http, calls[i].Url, calls[i].Body);
                for (var i = 0; i < calls.Length; i++)
                    seen[i].Add((first[i], await SteadyAsync(http, calls[i].Url, calls[i].Body)));
            }

            var (ready, warmUp) = await ReadyAsync(http, calls[0].Url);
            TestContext.Current.TestOutputHelper?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{host}: ready after {ready:0} ms, {warmUp:0} of them warming up"));
            if (warmUp < 1 || warmUp > ready)
                misses.Add($"{host} did not warm up");
            for (var i = 0; i < calls.Length; i++)
            {
                // The best: a start may fall into something else that this machine does, but cold every one is.
                var ratio = seen[i].Min(start => start.First / start.P95);
                var each = string.Join(", ", seen[i].Select(start => string.Create(CultureInfo.InvariantCulture, $"{start.First:0.0} (later p95 {start.P95:0.0})")));
                var line = string.Create(CultureInfo.InvariantCulture, $"{calls[i].Name}: first calls {each} ms, at best {ratio:0.0}x");
                TestContext.Current.TestOutputHelper?.WriteLine(line);
                if (ratio > Bound)
                    misses.Add(line);
            }
        }

        Assert.True(misses.Count == 0, string.Join('\n', misses));
        platform.Signal(StopSignal.Terminate);
        Assert.Equal(0, await platform.ExitCodeAsync());
    }

    private static async Task<double> SteadyAsync(HttpClient http, Uri url, string? body)
    {
        var steady = new List<double>();
        for (var i = 0; i < SteadyCalls; i++)
            steady.Add(await SendAsync(http, url, body));
        return steady.Order().ElementAt(SteadyCalls * 95 / 100);
    }

    /// <summary>Kills the host and waits until the one that follows is ready.</summary>
    private static async Task RestartAsync(HttpClient http, Uri url)
    {
        var before = ProcessTable.PidOf(url.Port);
        Assert.NotNull(before);
        Signals.Send(before.Value, StopSignal.Kill);
        await Eventually.TrueAsync(() => ProcessTable.PidOf(url.Port) is { } now && now != before, Limit, () => $"Nothing listens on {url} again.");
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            Assert.True(clock.Elapsed < Limit, $"{url} did not get healthy.");
            using var health = await http.GetAsync(new Uri(url, "/health"));
            if (health.IsSuccessStatusCode)
                return;
        }
    }

    /// <summary>What <c>/health</c> says of the start.</summary>
    private static async Task<(double Ready, double WarmUp)> ReadyAsync(HttpClient http, Uri url)
    {
        using var health = JsonDocument.Parse(await http.GetStringAsync(new Uri(url, "/health")));
        return (health.RootElement.GetProperty("ready_after_ms").GetDouble(), health.RootElement.GetProperty("warm_up_ms").GetDouble());
    }

    /// <returns>Milliseconds, a new connection included: the first call after a start has none.</returns>
    private static async Task<double> SendAsync(HttpClient http, Uri url, string? body)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, url);
        request.Headers.ConnectionClose = true;
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        var started = Stopwatch.GetTimestamp();
        using var response = await http.SendAsync(request);
        var answer = await response.Content.ReadAsStringAsync();
        var took = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        Assert.True(response.IsSuccessStatusCode, $"{(int)response.StatusCode} {answer}");
        Assert.DoesNotContain("\"isError\":true", answer, StringComparison.Ordinal);
        return took;
    }
}
