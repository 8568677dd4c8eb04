using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Engram.McpServer.Stdio;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tests;

/// <summary>The bridge for clients without HTTP, started as they start it.</summary>
public sealed class StdioBridgeTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    /// <summary>
    /// As docs/mcp-clients.md has it, of what this test was built with: a build in the middle of a test run would write what other tests are starting.
    /// </summary>
    private static readonly string[] FromAClone =
        ["run", "--no-build", "-c", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "--project", "McpServer", "--", StdioCommand.Switch];

    private static string Program => typeof(StdioCommand).Assembly.Location;

    private static string Clone
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Engram.Aspire.sln")))
            {
                folder = folder.Parent;
            }

            return folder?.FullName ?? throw new InvalidOperationException("Engram.Aspire.sln is in no folder above the test's output.");
        }
    }

    [Theory]
    [InlineData("2025-11-25")]
    [InlineData("2025-03-26")]
    [InlineData(null)]
    public async Task The_SDKs_stdio_client_uses_every_kind_of_thing_through_it(string? version)
    {
        var tenant = await fixture.NewTenantAsync();
        var errors = new ConcurrentQueue<string>();
        await using var client = await McpClient.CreateAsync(Transport(tenant.Key, errors), new McpClientOptions { ProtocolVersion = version });

        var tools = await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);
        var stored = await client.CallToolAsync("store_memory", new Dictionary<string, object?> { ["content"] = "Ann's café is in 東京.", ["bucket"] = "Reise é" }, cancellationToken: TestContext.Current.CancellationToken);
        var id = JsonElement.Parse(Assert.IsType<TextContentBlock>(stored.Content[0]).Text).GetProperty("memory_id").GetString();
        var read = await client.ReadResourceAsync($"memory://{Uri.EscapeDataString("Reise é")}/{id}", cancellationToken: TestContext.Current.CancellationToken);
        var prompt = await client.GetPromptAsync("recall", new Dictionary<string, object?> { ["topic"] = "Ann's café", ["bucket"] = "Reise é" }, cancellationToken: TestContext.Current.CancellationToken);
        var failed = await client.CallToolAsync("get_memory", new Dictionary<string, object?> { ["memory_id"] = "7" }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Contains(tools, tool => tool.Name == "search_memories");
        Assert.Contains("東京", Assert.IsType<TextResourceContents>(read.Contents[0]).Text, StringComparison.Ordinal);
        Assert.Single(prompt.Messages);
        Assert.True(failed.IsError);
        await ToldAsync(errors, "passing messages on");
    }

    [Fact]
    public async Task A_session_that_the_server_forgot_is_opened_again_unnoticed()
    {
        var tenant = await fixture.NewTenantAsync();
        var errors = new ConcurrentQueue<string>();
        await using var client = await McpClient.CreateAsync(Transport(tenant.Key, errors), new McpClientOptions { ProtocolVersion = "2025-11-25" });
        await client.ListToolsAsync(cancellationToken: TestContext.Current.CancellationToken);

        await fixture.ForgetSessionsAsync();
        var buckets = await client.CallToolAsync("list_buckets", cancellationToken: TestContext.Current.CancellationToken);

        Assert.True(buckets.IsError is not true);
        await ToldAsync(errors, "opened a new one");
    }

    [Fact]
    public async Task Without_a_key_it_says_so_and_ends()
    {
        var (code, output, errors) = await RunAsync("", null);

        Assert.Equal(2, code);
        Assert.Empty(output);
        Assert.Contains("ENGRAM_API_KEY is not set", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_key_and_bad_JSON_are_answered_in_the_protocol()
    {
        var (code, output, _) = await RunAsync(Rpc.Initialize("2025-11-25") + "\nnot json\n", "eng_live_wrong");

        var answers = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonElement.Parse(line)).ToList();
        Assert.Equal(0, code);
        Assert.Equal(2, answers.Count);
        Assert.Equal(1, answers[0].GetProperty("id").GetInt32());
        Assert.Contains("API key", answers[0].GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(-32700, answers[1].GetProperty("error").GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task A_server_that_is_away_is_told_of_instead_of_silence()
    {
        var (_, output, _) = await RunAsync(Rpc.Initialize("2025-11-25") + "\n", "eng_live_any", "http://127.0.0.1:9/mcp");

        var answer = JsonElement.Parse(output);
        Assert.Equal(1, answer.GetProperty("id").GetInt32());
        Assert.Contains("cannot be reached", answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_from_a_clone_it_writes_nothing_but_the_protocol()
    {
        var tenant = await fixture.NewTenantAsync();

        var (code, output, errors) = await RunAsync($"{Rpc.Initialize("2025-11-25")}\n{Rpc.Request(2, "tools/list")}\n", tenant.Key, arguments: FromAClone);

        Assert.True(code == 0, errors);
        Assert.StartsWith("{", output, StringComparison.Ordinal);
        Assert.Equal([1, 2], output.TrimEnd('\n').Split('\n').Select(line => JsonElement.Parse(line).GetProperty("id").GetInt32()).Order());
    }

    private StdioClientTransport Transport(string key, ConcurrentQueue<string> errors) => new(new StdioClientTransportOptions
    {
        Name = "engram",
        Command = "dotnet",
        Arguments = [Program, StdioCommand.Switch],
        EnvironmentVariables = new Dictionary<string, string?> { [StdioCommand.UrlVariable] = fixture.Server.Url.ToString(), [StdioCommand.KeyVariable] = key },
        StandardErrorLines = errors.Enqueue,
    });

    /// <summary>Sooner or later: what it tells comes through another pipe than what it answers.</summary>
    private static async Task ToldAsync(ConcurrentQueue<string> errors, string what)
    {
        var until = DateTimeOffset.UtcNow + Deadline;
        while (!errors.Any(line => line.Contains(what, StringComparison.Ordinal)))
        {
            Assert.True(DateTimeOffset.UtcNow < until, $"'{what}' was not told, only: {string.Join('\n', errors)}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private async Task<(int Code, string Output, string Errors)> RunAsync(string input, string? key, string? url = null, string[]? arguments = null)
    {
        var start = new ProcessStartInfo("dotnet", arguments ?? [Program, StdioCommand.Switch])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Clone,
        };
        start.Environment[StdioCommand.UrlVariable] = url ?? fixture.Server.Url.ToString();
        start.Environment[StdioCommand.KeyVariable] = key;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var late = new CancellationTokenSource(Deadline);
        await process.WaitForExitAsync(late.Token);
        return (process.ExitCode, await output, await errors);
    }
}
