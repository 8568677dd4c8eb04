using Engram.Engine;
using Engram.Engine.Database;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Engram.Tests.Shared;

/// <summary>A fresh database with the newest schema and the connection strings of the three roles.</summary>
public sealed class MigratedDatabase
{
    // Roles belong to the server, so every database of a test run gives them the same password.
    private const string Password = "test-only-password";

    /// <summary>Version 1 of the master key that tests give the hosts (<c>Engram:Vault:MasterKeys:1</c>).</summary>
    public const string VaultKey = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

    private MigratedDatabase(string owner) => Owner = owner;

    /// <summary>A superuser.</summary>
    public string Owner { get; }

    public string App => ForRole("engram_app");

    public string System => ForRole("engram_system");

    public static MigrationOptions Passwords => new() { AppPassword = Password, SystemPassword = Password };

    public static async Task<MigratedDatabase> CreateAsync(string name)
    {
        var owner = await PostgresForTests.CreateDatabaseAsync(name);
        await new Migrator(NullLogger<Migrator>.Instance).MigrateAsync(owner, Passwords);
        return new MigratedDatabase(owner);
    }

    public async Task<Tenant> CreateTenantAsync()
    {
        var tenant = new Tenant(Guid.CreateVersion7());
        await ExecuteAsync($"insert into engram.tenants (id, name) values ('{tenant.Id}', 'Test')");
        return tenant;
    }

    /// <summary>Runs a statement as the owner.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Owner);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Reads one value as the owner, past row level security.</summary>
    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var connection = new NpgsqlConnection(Owner);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    private string ForRole(string role) =>
        new NpgsqlConnectionStringBuilder(Owner) { Username = role, Password = Password, SearchPath = "engram,public", MaxPoolSize = 20 }.ConnectionString;
}
