using Engram.Engine;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Engram.Tests.Shared;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Engram.McpServer.Tests;

/// <summary>A migrated database of its own, and the settings with which a host finds it.</summary>
public sealed class TestDatabase
{
    private const string Password = "test-only-password";

    private static readonly Lazy<Task<TestDatabase>> Shared = new(CreateAsync);

    private readonly string _owner;

    private TestDatabase(string owner)
    {
        _owner = owner;
        Settings =
        [
            ("ConnectionStrings:engram-app", ForRole("engram_app")),
            ("ConnectionStrings:engram-system", ForRole("engram_system")),
            ("Engram:Keys:HmacSecret", "test-only-secret-of-at-least-32-characters"),
            ("Engram:Vault:MasterKeys:1", MigratedDatabase.VaultKey),
            // An arm that a slow machine has come too late leaves an answer that lacks what it would have found.
            ("Engram:Recall:ArmBudgetMs", "30000"),
        ];
    }

    public (string Key, string Value)[] Settings { get; }

    /// <summary>One for all classes of this process: tests keep apart by tenant, as the product does.</summary>
    public static Task<TestDatabase> SharedAsync() => Shared.Value;

    private static async Task<TestDatabase> CreateAsync()
    {
        var owner = await PostgresForTests.CreateDatabaseAsync("mcp");
        await new Migrator(NullLogger<Migrator>.Instance).MigrateAsync(
            owner, new MigrationOptions { AppPassword = Password, SystemPassword = Password });
        return new TestDatabase(owner);
    }

    public async Task<NpgsqlConnection> OpenAsOwnerAsync()
    {
        var connection = new NpgsqlConnection(_owner);
        await connection.OpenAsync();
        return connection;
    }

    public async Task<Tenant> CreateTenantAsync(string name)
    {
        var tenant = new Tenant(Guid.CreateVersion7());
        await using var connection = new NpgsqlConnection(_owner);
        await connection.OpenAsync();
        await using var insert = new NpgsqlCommand("insert into engram.tenants (id, name) values ($1, $2)", connection)
        {
            Parameters = { new() { Value = tenant.Id }, new() { Value = name } },
        };
        await insert.ExecuteNonQueryAsync();
        return tenant;
    }

    /// <summary>Makes a key the way the account's owner does.</summary>
    public static async Task<CreatedKey> CreateKeyAsync(
        ApiKeys keys, Tenant tenant, Scopes scopes = Scopes.All, string[]? buckets = null, DateTimeOffset? expiresAt = null)
    {
        var owner = new Principal(tenant, "owner", Guid.Empty, "owner", "", Scopes.All, Buckets: null, User: null);
        var (key, failure) = await keys.CreateAsync(owner, new NewKey("test", scopes, buckets, expiresAt));
        Assert.Equal(KeyChangeFailure.None, failure);
        return key!;
    }

    private string ForRole(string role) =>
        new NpgsqlConnectionStringBuilder(_owner) { Username = role, Password = Password, MaxPoolSize = 20 }.ConnectionString;
}
