using System.Text.Json;
using Engram.Engine.Keys;
using Engram.McpServer.Transport;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Engram.McpServer.Tests;

/// <summary>The server as it ships, over a real database, and a way to make tenants and keys.</summary>
public sealed class ToolFixture : IAsyncLifetime
{
    private TestDatabase _database = null!;

    public McpTestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await TestDatabase.SharedAsync();
        Server = await McpTestServer.StartAsync(configure: null, _database.Settings);
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    /// <summary>Another server over the same database.</summary>
    public Task<McpTestServer> StartAsync(Action<IServiceCollection> configure, params (string Key, string Value)[] settings) =>
        McpTestServer.StartAsync(configure, [.. _database.Settings, .. settings]);

    /// <summary>A connection that sees everything, for looking at what the server does to the database.</summary>
    public Task<NpgsqlConnection> OpenAsOwnerAsync() => _database.OpenAsOwnerAsync();

    /// <summary>What a restart does to sessions.</summary>
    public async Task ForgetSessionsAsync() => await Server.Services.GetRequiredService<SessionTable>().DisposeAsync();

    /// <summary>A key of a tenant of its own, so that tests do not meet.</summary>
    public async Task<TestTenant> NewTenantAsync(Scopes scopes = Scopes.All, string[]? buckets = null)
    {
        var tenant = new TestTenant(this, await _database.CreateTenantAsync("test"));
        await tenant.UseAsync(scopes, buckets);
        return tenant;
    }

    internal Task<CreatedKey> CreateKeyAsync(Engine.Tenant tenant, Scopes scopes, string[]? buckets) =>
        TestDatabase.CreateKeyAsync(Server.Services.GetRequiredService<ApiKeys>(), tenant, scopes, buckets);
}

/// <summary>Calls tools as a tenant's agent does, each call on its own.</summary>
public sealed class TestTenant(ToolFixture fixture, Engine.Tenant tenant)
{
    private Guid _keyId;

    public string Key { get; private set; } = "";

    public Engine.Tenant Tenant => tenant;

    public async Task UseAsync(Scopes scopes, string[]? buckets = null)
    {
        var created = await fixture.CreateKeyAsync(tenant, scopes, buckets);
        (Key, _keyId) = (created.Key, created.Info.Id);
    }

    /// <summary>Revokes the key in one server; others hear of it.</summary>
    public async Task RevokeAsync(ApiKeys keys) => Assert.True(await keys.RevokeAsync(tenant, _keyId));

    /// <summary>Changes the key's row behind every server's back, and tells them as a server that did it would.</summary>
    public async Task ChangeKeyAsync(string assignment)
    {
        await using var connection = await fixture.OpenAsOwnerAsync();
        await using var command = new NpgsqlCommand($"update engram.api_keys set {assignment} where id = $1", connection) { Parameters = { new() { Value = _keyId } } };
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
        await using var notify = new NpgsqlCommand("select pg_notify('engram_keys', $1)", connection) { Parameters = { new() { Value = _keyId.ToString() } } };
        await notify.ExecuteNonQueryAsync();
    }

    public async Task<ToolReply> CallAsync(string tool, object? arguments = null)
    {
        using var client = fixture.Server.Client(Key);
        var json = arguments as string ?? JsonSerializer.Serialize(arguments ?? new { });
        return new ToolReply((await client.PostAsync(Rpc.Call(1, tool, json))).Result);
    }

    public async Task<string> StoreAsync(string content, string bucket = "default")
    {
        var reply = await CallAsync("store_memory", new { content, bucket });
        Assert.False(reply.IsError, reply.Text);
        return reply.Data.GetProperty("memory_id").GetString()!;
    }
}

/// <summary>What a tool answered.</summary>
public sealed record ToolReply(JsonElement Result)
{
    public bool IsError => Result.TryGetProperty("isError", out var error) && error.GetBoolean();

    public string Text => Result.GetProperty("content")[0].GetProperty("text").GetString()!;

    public JsonElement Data => Result.GetProperty("structuredContent");

    public string? ErrorCode => Result.GetProperty("_meta").TryGetProperty("engram/error", out var code) ? code.GetString() : null;

    /// <summary>All but what differs between any two calls.</summary>
    public string WithoutMeta => $"{IsError} {ErrorCode} {Text}";
}
