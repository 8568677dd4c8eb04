using System.Net.Http.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Engram.AppHost.Tests;

/// <summary>LocalHost's runner with small real children.</summary>
public sealed class SampleApplicationTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task A_service_sees_the_environment_that_Aspire_gives()
    {
        await using var app = await StartAsync();
        await HealthyAsync(app, "front");
        var front = await VariablesAsync(app, "front");
        var back = await VariablesAsync(app, "back-end");

        var url = app.GetEndpoint("back-end").ToString().TrimEnd('/');
        Assert.Equal(url, front["services__back-end__http__0"]);
        Assert.Equal(url, front["BACK_END_HTTP"]);
        Assert.NotEqual(url, front["services__back-end__http__1"]);
        Assert.StartsWith("Host=nowhere;Password=", front["ConnectionStrings__the-database"], StringComparison.Ordinal);
        Assert.Equal(await app.GetConnectionStringAsync("the-database"), front["ConnectionStrings__the-database"]);
        Assert.Equal(app.GetEndpoint("front").ToString().TrimEnd('/'), front["ASPNETCORE_URLS"]);
        Assert.Equal(30, front["SECRET"].Length);
        Assert.Equal("yes", back["FROM_LAUNCH_SETTINGS"]);
        Assert.Equal("Development", back["ASPNETCORE_ENVIRONMENT"]);
        Assert.False(front.ContainsKey("FROM_LAUNCH_SETTINGS"), "the launch profile was excluded");
        Assert.False(back.ContainsKey("ConnectionStrings__the-database"), "a secret goes only to whom the model gives it");
    }

    [Fact]
    public async Task A_service_starts_only_after_what_it_waits_for()
    {
        await using var app = await StartAsync();
        await HealthyAsync(app, "front");
        AssertInOrder(app.Output, "back-end | waiting for job", "job      | the job ran", "job      | finished", "back-end | healthy", "front    | healthy");
    }

    [Fact]
    public async Task A_failed_job_keeps_its_dependents_from_starting_and_is_named()
    {
        await using var app = await StartAsync("--JobExitCode", "7");
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => HealthyAsync(app, "front"));
        Assert.Contains("back-end", failure.Message, StringComparison.Ordinal);
        Assert.Contains("job ended with exit code 7", app.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("back-end | healthy", app.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_crashed_service_is_reported_and_started_again()
    {
        await using var app = await StartAsync();
        await HealthyAsync(app, "front");
        using var client = app.CreateHttpClient("front");
        var before = await client.GetFromJsonAsync<int>("/process");
        await Assert.ThrowsAsync<HttpRequestException>(() => client.PostAsync("/crash", null));
        await Eventually.TrueAsync(AnotherAnswersAsync, Limit, () => app.Output);
        await HealthyAsync(app, "front");
        Assert.Contains("front ended unexpectedly", app.Output, StringComparison.Ordinal);

        async Task<bool> AnotherAnswersAsync()
        {
            try
            {
                return await client.GetFromJsonAsync<int>("/process") != before;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task A_service_that_keeps_crashing_is_given_up_and_said_so()
    {
        await using var app = await StartAsync("--WithCrasher", "yes");
        var end = await app.ResourceNotifications.WaitForResourceAsync("crasher", KnownResourceStates.FailedToStart).WaitAsync(Limit);
        Assert.Contains("crashed 5 times", end.Snapshot.Detail, StringComparison.Ordinal);
        Assert.Contains("exit code 3", end.Snapshot.Detail, StringComparison.Ordinal);
        await HealthyAsync(app, "front");
    }

    [Fact]
    public async Task Every_replica_has_a_port_and_a_process_of_its_own()
    {
        await using var app = await StartAsync();
        await HealthyAsync(app, "front");
        var front = await VariablesAsync(app, "front");
        using var client = new HttpClient();
        var first = await client.GetFromJsonAsync<int>(front["services__back-end__http__0"] + "/process");
        var second = await client.GetFromJsonAsync<int>(front["services__back-end__http__1"] + "/process");
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task Disposing_the_application_ends_every_process()
    {
        var app = await StartAsync();
        await HealthyAsync(app, "front");
        using var client = app.CreateHttpClient("front");
        var pid = await client.GetFromJsonAsync<int>("/process");
        await app.DisposeAsync();
        Assert.False(Directory.Exists($"/proc/{pid}") && OperatingSystem.IsLinux());
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/health"));
    }

    private static async Task<DistributedApplication> StartAsync(params string[] args)
    {
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Engram_SampleAppHost>(args);
        var app = await builder.BuildAsync();
        await app.StartAsync();
        return app;
    }

    private static async Task HealthyAsync(DistributedApplication app, string resource)
    {
        try
        {
            await app.ResourceNotifications.WaitForResourceHealthyAsync(resource).WaitAsync(Limit);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{resource} did not get healthy. Output:\n{app.Output}");
        }
    }

    private static async Task<Dictionary<string, string>> VariablesAsync(DistributedApplication app, string resource)
    {
        using var client = app.CreateHttpClient(resource);
        return (await client.GetFromJsonAsync<Dictionary<string, string>>("/environment"))!;
    }

    private static void AssertInOrder(string output, params string[] parts)
    {
        var from = 0;
        foreach (var part in parts)
        {
            var at = output.IndexOf(part, from, StringComparison.Ordinal);
            Assert.True(at >= 0, $"'{part}' does not follow in:\n{output}");
            from = at + part.Length;
        }
    }
}
