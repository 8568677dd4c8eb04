using System.Net.Http.Headers;
using Engram.Api.Tests;
using Engram.Engine.Keys;
using Engram.Tests.Shared;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

[assembly: AssemblyFixture(typeof(ApiFixture))]

namespace Engram.Api.Tests;

/// <summary>The real host on a real socket over a real database, shared by all tests; each test takes a tenant of its own.</summary>
public sealed class ApiFixture : IAsyncLifetime
{
    public const string HmacSecret = "a secret of the tests that is long enough";

    private readonly List<ApiHost> _hosts = [];

    private MigratedDatabase _database = null!;

    public ApiHost Api { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _database = await MigratedDatabase.CreateAsync("api");
        Api = Start();
    }

    /// <summary>Another process's worth of host on the same database.</summary>
    public ApiHost Start(params (string Key, string Value)[] settings) => Start(null, null, settings);

    /// <summary>The same, with everything it logs at any level going to <paramref name="output"/>.</summary>
    public ApiHost Start(ILoggerProvider? output, params (string Key, string Value)[] settings) => Start(output, null, settings);

    /// <summary>With a time of day of its own.</summary>
    public ApiHost Start(TimeProvider clock, params (string Key, string Value)[] settings) => Start(null, clock, settings);

    private ApiHost Start(ILoggerProvider? output, TimeProvider? clock, (string Key, string Value)[] settings)
    {
        var host = new ApiHost(
        [
            ("ConnectionStrings:engram-app", _database.App),
            ("ConnectionStrings:engram-system", _database.System),
            ("Engram:Keys:HmacSecret", HmacSecret),
            ("Engram:Vault:MasterKeys:1", MigratedDatabase.VaultKey),
            ("Engram:Keys:LastUsedSeconds", "0.1"),
            // An arm that a slow machine has come too late leaves an answer that lacks what it would have found.
            ("Engram:Recall:ArmBudgetMs", "30000"),
            .. settings,
        ], output, clock);
        host.UseKestrel(0);
        host.StartServer();
        lock (_hosts)
            _hosts.Add(host);
        return host;
    }

    public async Task<TestTenant> NewTenantAsync(Scopes scopes = Scopes.All, string[]? buckets = null, ApiHost? host = null)
    {
        var tenantId = Guid.CreateVersion7();
        await ExecuteAsync("insert into engram.tenants (id, name, plan) values ($1, 'Test', 'free')", tenantId);
        var tenant = new TestTenant(this, host ?? Api, tenantId);
        await tenant.UseNewKeyAsync(scopes, buckets);
        return tenant;
    }

    public async Task<Guid> InsertKeyAsync(Guid tenantId, string key, Scopes scopes, string[]? buckets = null, DateTimeOffset? expiresAt = null)
    {
        var id = Guid.CreateVersion7();
        await ExecuteAsync(
            "insert into engram.api_keys (tenant_id, id, name, prefix, hash, scopes, buckets, expires_at) values ($1, $2, 'test', $3, $4, $5, $6, $7)",
            tenantId, id, ApiKeyFormat.DisplayPrefix(key), Hash(key), ScopeNames.Of(scopes), (object?)buckets ?? DBNull.Value, (object?)expiresAt?.UtcDateTime ?? DBNull.Value);
        return id;
    }

    public static byte[] Hash(string text) => new KeyHasher(Options.Create(new KeyOptions { HmacSecret = HmacSecret })).Hash(text);

    /// <summary>A tenant with nothing but the one-time link of its owner, and an address for them.</summary>
    public async Task<(Guid TenantId, string Token, string Email)> NewSetupAsync()
    {
        var tenant = Guid.CreateVersion7();
        var token = Guid.NewGuid().ToString("N");
        await ExecuteAsync("insert into engram.tenants (id, name) values ($1, 'Test')", tenant);
        await ExecuteAsync("insert into engram.setup_tokens (tenant_id, token_hash) values ($1, $2)", tenant, Hash(token));
        return (tenant, token, $"{token[..12]}@example.org");
    }

    public async Task<object?> ExecuteAsync(string sql, params object[] parameters)
    {
        await using var connection = new NpgsqlConnection(_database.Owner);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter
            {
                Value = parameter,
                NpgsqlDbType = parameter is DBNull ? NpgsqlTypes.NpgsqlDbType.Unknown : new NpgsqlParameter { Value = parameter }.NpgsqlDbType,
            });
        }

        return await command.ExecuteScalarAsync();
    }

    /// <summary>Runs a statement in a transaction that stays open, with all it locks, until what is returned is disposed.</summary>
    public async Task<IAsyncDisposable> HoldAsync(string sql, params object[] parameters)
    {
        var connection = new NpgsqlConnection(_database.Owner + ";Pooling=false");
        await connection.OpenAsync();
        await connection.BeginTransactionAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        await command.ExecuteNonQueryAsync();
        return connection;
    }

    /// <summary>Asks until the answer is true.</summary>
    public async Task WaitUntilAsync(string sql)
    {
        for (var until = DateTimeOffset.UtcNow.AddSeconds(30); await ExecuteAsync(sql) is not true; await Task.Delay(20))
            Assert.True(DateTimeOffset.UtcNow < until, $"Never true: {sql}");
    }

    /// <summary>Every row of every table as text, bytes in hex, each with its table's name before it: what a backup holds.</summary>
    public async Task<IReadOnlyList<string>> DumpAsync()
    {
        await using var connection = new NpgsqlConnection(_database.Owner);
        await connection.OpenAsync();
        var tables = new List<string>();
        await using (var command = new NpgsqlCommand("select c.relname from pg_class c where c.relnamespace = 'engram'::regnamespace and c.relkind = 'r'", connection))
        await using (var reader = await command.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
                tables.Add(reader.GetString(0));
        }

        var lines = new List<string>();
        foreach (var table in tables)
        {
            using var copy = await connection.BeginTextExportAsync($"copy engram.{table} to stdout");
            while (await copy.ReadLineAsync() is { } line)
                lines.Add($"{table} {line}");
        }

        return lines;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
    }
}

/// <summary>The host as <c>dotnet run</c> starts it, but on a free port and with the tests' settings.</summary>
public sealed class ApiHost((string Key, string Value)[] settings, ILoggerProvider? output = null, TimeProvider? clock = null) : WebApplicationFactory<Program>
{
    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        builder.UseEnvironment("Production");
        foreach (var (key, value) in settings)
            builder.UseSetting(key, value);
        if (output is not null)
            builder.ConfigureLogging(logging => logging.ClearProviders().AddFilter(null, LogLevel.Trace).AddProvider(output));
        if (clock is not null)
            builder.ConfigureServices(services => services.Replace(ServiceDescriptor.Singleton(clock)));
    }

    public HttpClient ClientWith(string? key)
    {
        // Not CreateClient's: its redirect handler reads a whole body before it sends the first byte.
        var address = Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();
        var client = new HttpClient { BaseAddress = new Uri(address) };
        if (key is not null)
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return client;
    }
}

/// <summary>A tenant with a key and a client that sends it.</summary>
public sealed class TestTenant(ApiFixture fixture, ApiHost host, Guid id)
{
    public Guid Id => id;

    public string Key { get; private set; } = "";

    public Guid KeyId { get; private set; }

    public HttpClient Http { get; private set; } = null!;

    public async Task UseNewKeyAsync(Scopes scopes, string[]? buckets = null, DateTimeOffset? expiresAt = null)
    {
        Key = ApiKeyFormat.Generate();
        KeyId = await fixture.InsertKeyAsync(id, Key, scopes, buckets, expiresAt);
        Http = host.ClientWith(Key);
    }
}
