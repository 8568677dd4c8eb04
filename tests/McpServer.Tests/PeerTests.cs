using System.Text.Json;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Tests;

/// <summary>Clients of other people's making use the server as it ships.</summary>
public sealed class PeerTests(ToolFixture fixture) : IClassFixture<ToolFixture>
{
    private const string Inspector = "@modelcontextprotocol/inspector/cli/build/cli.js";

    [Theory]
    [InlineData("v1", "2025-11-25")]
    [InlineData("v2-legacy", "2025-11-25")]
    [InlineData("v2-auto", "2026-07-28")]
    public async Task A_TypeScript_client_stores_searches_and_deletes(string client, string version)
    {
        var tenant = await fixture.NewTenantAsync();

        var output = await PeerPackages.RunScriptAsync("clients.mjs", client, fixture.Server.Url.ToString(), tenant.Key);

        Assert.Equal(version, JsonElement.Parse(output).GetProperty("version").GetString());
    }

    [Fact]
    public async Task A_TypeScript_client_of_the_older_HTTP_with_SSE_stores_searches_and_deletes()
    {
        var tenant = await fixture.NewTenantAsync();
        await using var server = await fixture.StartAsync(_ => { }, ("Engram:Mcp:LegacySse", "true"));

        var output = await PeerPackages.RunScriptAsync("clients.mjs", "v1-sse", server.Url.ToString(), tenant.Key);

        Assert.Equal("2025-11-25", JsonElement.Parse(output).GetProperty("version").GetString());
    }

    [Fact]
    public async Task The_inspectors_command_line_lists_and_calls_tools()
    {
        var tenant = await fixture.NewTenantAsync();
        // This version has no option for a header.
        await using var keyed = await fixture.StartAsync(services => services.AddSingleton<IStartupFilter>(new KeyInjector(tenant.Key)));
        string[] server = ["--cli", keyed.Url.ToString(), "--transport", "http"];

        var list = await PeerPackages.RunPackageAsync(Inspector, [.. server, "--method", "tools/list"]);
        var store = await PeerPackages.RunPackageAsync(
            Inspector, [.. server, "--method", "tools/call", "--tool-name", "store_memory", "--tool-arg", "content=Inspectors look twice."]);

        Assert.True(list.ExitCode == 0, list.Output + list.Errors);
        Assert.Contains("search_memories", list.Output, StringComparison.Ordinal);
        Assert.True(store.ExitCode == 0, store.Output + store.Errors);
        Assert.Equal("stored", JsonElement.Parse(store.Output).GetProperty("structuredContent").GetProperty("status").GetString());
    }

    [Theory]
    [InlineData(null, "2026-07-28")]
    [InlineData("2025-11-25", "2025-11-25")]
    [InlineData("2025-03-26", "2025-03-26")]
    public async Task The_CSharp_client_stores_and_searches(string? wanted, string negotiated)
    {
        var tenant = await fixture.NewTenantAsync();
        await using var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = fixture.Server.Url,
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {tenant.Key}" },
        });
        await using var client = await McpClient.CreateAsync(transport, new McpClientOptions { ProtocolVersion = wanted });

        var tools = await client.ListToolsAsync();
        var stored = await client.CallToolAsync("store_memory", new Dictionary<string, object?> { ["content"] = "Curie discovered polonium in 1898." });
        var found = await client.CallToolAsync("search_memories", new Dictionary<string, object?> { ["query"] = "Who discovered polonium?" });
        var wrong = await client.CallToolAsync("search_memories", new Dictionary<string, object?> { ["query"] = 7 });

        Assert.Equal(negotiated, client.NegotiatedProtocolVersion);
        Assert.Contains("search_memories", tools.Select(tool => tool.Name));
        Assert.True(stored.IsError is not true);
        Assert.Contains("Curie discovered polonium", Assert.IsType<TextContentBlock>(found.Content[0]).Text, StringComparison.Ordinal);
        Assert.True(wrong.IsError);
    }

    [Fact]
    public async Task Many_clients_at_once_get_their_own_answers()
    {
        var tenants = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => fixture.NewTenantAsync()));

        await Parallel.ForAsync(0, 160, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            var tenant = tenants[i % tenants.Length];
            var text = $"Caller {i} keeps the number {i * 7919}.";
            await tenant.StoreAsync(text, $"b{i}");
            var found = await tenant.CallAsync("search_memories", new { query = $"number {i * 7919}", bucket = $"b{i}" });
            Assert.Equal(text, found.Data.GetProperty("memories")[0].GetProperty("content").GetString());
        });
    }
}
