using System.Text.Json;
using Engram.Engine.Audit;
using Engram.Engine.Providers;
using Engram.FakeProvider;
using Engram.Tests.Shared;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.McpServer.Tests;

/// <summary>A server with a fake provider that it may reach.</summary>
public sealed class ProviderServer : IAsyncLifetime
{
    private readonly ToolFixture _tools = new();

    public FakeProviderHost Provider { get; private set; } = null!;

    public McpTestServer Server { get; private set; } = null!;

    /// <summary>Another, that gives up soon.</summary>
    public McpTestServer Hasty { get; private set; } = null!;

    public ToolFixture Tools => _tools;

    public async ValueTask InitializeAsync()
    {
        await _tools.InitializeAsync();
        Provider = await FakeProviderHost.StartAsync();
        var settings = ProviderFaultTable.Settings(Provider.Root.Authority);
        Server = await _tools.StartAsync(_ => { }, settings);
        Hasty = await _tools.StartAsync(_ => { }, [.. settings, ProviderFaultTable.Hasty]);
    }

    public async ValueTask DisposeAsync()
    {
        await Hasty.DisposeAsync();
        await Server.DisposeAsync();
        await Provider.DisposeAsync();
        await _tools.DisposeAsync();
    }

    /// <summary>A tenant whose questions a model of the fake provider answers.</summary>
    /// <returns>The tenant's API key, and its key at the provider.</returns>
    public async Task<(string Key, string ProviderKey)> NewTenantAsync(string provider, string model)
    {
        var tenant = await _tools.NewTenantAsync();
        var store = Server.Services.GetRequiredService<ProviderStore>();
        var actor = new Actor(tenant.Tenant, "test", Guid.CreateVersion7(), "eng_live_test", null, Guid.CreateVersion7());
        var providerKey = $"fake-{Guid.NewGuid():N}";
        var url = provider == "anthropic" ? Provider.Root : Provider.OpenAi;
        var connection = await store.CreateAsync(actor, new NewConnection(provider, "fake", url.ToString(), new ProviderSecret(providerKey)));
        await store.SetRoleAsync(actor, ModelRole.Synthesize, connection.Id, model);
        return (tenant.Key, providerKey);
    }

    public async Task<ToolReply> CallAsync(string key, string tool, object arguments, McpTestServer? at = null)
    {
        using var client = (at ?? Server).Client(key);
        return new ToolReply((await client.PostAsync(Rpc.Call(1, tool, JsonSerializer.Serialize(arguments)))).Result);
    }
}

/// <summary>Whatever a tenant's provider does, the agent reads whose trouble it is and what to do instead.</summary>
public sealed class ProviderFaultTests(ProviderServer server) : IClassFixture<ProviderServer>
{
    public static TheoryData<string, string, string, int?> Faults => ProviderFaultTable.Rows;

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_is_told_to_the_agent(string provider, string model, string kind, int? upstream)
    {
        var (key, _) = await server.NewTenantAsync(provider, model);
        await server.CallAsync(key, "store_memory", new { content = "Ann keeps bees on the roof of the town hall." });

        var reply = await server.CallAsync(
            key, "query_memory", new { question = "Where does Ann keep bees?" }, ProviderFaultTable.WaitsForTheDeadline(model) ? server.Hasty : server.Server);

        Assert.True(reply.IsError, reply.Text);
        Assert.Equal(ProviderFaultTable.CodeOf(kind), reply.ErrorCode);
        Assert.Contains($"Your provider {provider} ({model})", reply.Text, StringComparison.Ordinal);
        Assert.Contains("search_memories", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("bees", reply.Text, StringComparison.OrdinalIgnoreCase);
        var fault = reply.Result.GetProperty("_meta").GetProperty("engram/provider");
        Assert.Equal((provider, model, kind), (fault.GetProperty("name").GetString(), fault.GetProperty("model").GetString(), fault.GetProperty("kind").GetString()));
        if (upstream is not null)
            Assert.Equal(upstream, fault.GetProperty("upstream_status").GetInt32());
        Assert.InRange(fault.GetProperty("attempts").GetInt32(), 1, 3);
        Assert.False(string.IsNullOrWhiteSpace(fault.GetProperty("hint").GetString()));
    }

    [Theory]
    [InlineData("openai-compatible")]
    [InlineData("anthropic")]
    public async Task A_model_answers_and_its_citations_are_memories_that_were_retrieved(string provider)
    {
        var (key, providerKey) = await server.NewTenantAsync(provider, "fake-answer");
        var id = (await server.CallAsync(key, "store_memory", new { content = "Ann keeps bees on the roof of the town hall." })).Data.GetProperty("memory_id").GetString();

        var reply = await server.CallAsync(key, "query_memory", new { question = "Where does Ann keep bees?" });

        Assert.False(reply.IsError, reply.Text);
        Assert.Contains("roof of the town hall", reply.Data.GetProperty("answer").GetString(), StringComparison.Ordinal);
        Assert.Equal(id, Assert.Single(reply.Data.GetProperty("citations").EnumerateArray()).GetProperty("memory_id").GetString());
        Assert.Equal("fake-answer", Assert.Single(server.Provider.Requests.Of(providerKey)).Model);
    }
}
