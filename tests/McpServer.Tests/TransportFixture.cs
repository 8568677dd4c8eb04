using Engram.Engine.Keys;
using Engram.McpServer.Tools;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.McpServer.Tests;

/// <summary>A server with the tests' own tools beside the real ones, and keys of two tenants, for the rules of the protocol.</summary>
public sealed class TransportFixture : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public string KeyA { get; private set; } = null!;

    public Guid KeyAId { get; private set; }

    public string KeyB { get; private set; } = null!;

    public McpTestServer Server { get; private set; } = null!;

    internal WaitTool Wait { get; } = new();

    public RawMcpClient Client() => Server.Client(KeyA);

    public RawMcpClient Client(string? key) => Server.Client(key);

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.SharedAsync();
        Server = await StartAsync();
        var keys = Server.Services.GetRequiredService<ApiKeys>();
        var a = await TestDatabase.CreateKeyAsync(keys, await _database.CreateTenantAsync("a"));
        (KeyA, KeyAId) = (a.Key, a.Info.Id);
        KeyB = (await TestDatabase.CreateKeyAsync(keys, await _database.CreateTenantAsync("b"))).Key;
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>Another server over the same database, with settings of its own.</summary>
    public Task<McpTestServer> StartAsync(params (string Key, string Value)[] settings) => StartAsync(_ => { }, settings);

    public Task<McpTestServer> StartAsync(Action<IServiceCollection> configure, params (string Key, string Value)[] settings) =>
        McpTestServer.StartAsync(
            services =>
            {
                services.AddSingleton<EngramTool>(new EchoTool());
                services.AddSingleton<EngramTool>(Wait);
                configure(services);
            },
            [.. _database.Settings, .. settings]);
}
