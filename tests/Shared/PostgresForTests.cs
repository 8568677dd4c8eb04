using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Engram.LocalHost;
using Engram.LocalHost.Postgres;
using Npgsql;

namespace Engram.Tests.Shared;

/// <summary>
/// The PostgreSQL of a test process: the one ENGRAM_TEST_POSTGRES names (an account that may create databases), else one of its own
/// on a temporary folder, which ends with the process. A test takes a fresh database and never sees another test's.
/// </summary>
public static class PostgresForTests
{
    private const string Prefix = "test_";

    // The test runner gives the process ten seconds for its end, and calls it failed after that.
    private static readonly TimeSpan ExitLimit = TimeSpan.FromSeconds(8);

    private static readonly Lazy<Task<string>> Server = new(StartAsync);
    private static readonly ConcurrentBag<string> Databases = [];

    /// <summary>Makes an empty database; it is dropped when the process ends.</summary>
    /// <returns>The connection string of its owner, a superuser.</returns>
    public static async Task<string> CreateDatabaseAsync(string name)
    {
        var server = await Server.Value;
        // PostgreSQL cuts names at 63 bytes; the process id lets a later run drop what a killed one left behind.
        var pid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        var readable = new string([.. name.ToLowerInvariant().Where(c => char.IsAsciiLetterOrDigit(c) || c == '_').Take(30)]);
        var database = $"{Prefix}{pid}_{readable}_{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        await ExecuteAsync(server, $"CREATE DATABASE {database}");
        Databases.Add(database);
        return new NpgsqlConnectionStringBuilder(server) { Database = database }.ConnectionString;
    }

    private static async Task<string> StartAsync()
    {
        if (Environment.GetEnvironmentVariable("ENGRAM_TEST_POSTGRES") is { Length: > 0 } given)
        {
            await DropLeftoversAsync(given);
            AtExit(() => DropAllAsync(given));
            return given;
        }

        var folder = Path.Combine(Path.GetTempPath(), $"engram-tests-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}");
        var options = new PostgresServerOptions { Password = RandomNumberGenerator.GetHexString(32), Durable = false };
        var server = await PostgresServer.StartAsync(Path.Combine(folder, "postgres"), options);
        AtExit(async () =>
        {
            await server.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        });
        return server.ConnectionString;
    }

    /// <summary>What cannot be cleared away is said, but must not make a run of passed tests a failed one, as an exception at the exit would.</summary>
    private static void AtExit(Func<Task> clearAway) => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        try
        {
            Task.Run(clearAway).WaitAsync(ExitLimit).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is NpgsqlException or IOException or UnauthorizedAccessException or LocalHostException or TimeoutException)
        {
            Console.Error.WriteLine($"The tests' PostgreSQL was not cleared away: {e.Message}");
        }
    };

    /// <summary>What there is no time for is dropped by the next run.</summary>
    private static Task DropAllAsync(string server) => Parallel.ForEachAsync(
        Databases, async (database, _) => await ExecuteAsync(server, $"DROP DATABASE IF EXISTS {database} WITH (FORCE)"));

    /// <summary>Databases of test processes that were killed before they could drop them.</summary>
    private static async Task DropLeftoversAsync(string server)
    {
        var left = new List<string>();
        await using (var connection = new NpgsqlConnection(server + ";Pooling=false"))
        {
            await connection.OpenAsync();
            await using var command = new NpgsqlCommand($"SELECT datname FROM pg_database WHERE datname ~ '^{Prefix}[0-9]+_'", connection);
            await using var reader = await command.ExecuteReaderAsync();
            while (await reader.ReadAsync())
            {
                left.Add(reader.GetString(0));
            }
        }

        foreach (var database in left.Where(name => !IsRunning(name)))
        {
            await ExecuteAsync(server, $"DROP DATABASE IF EXISTS {database} WITH (FORCE)");
        }
    }

    private static bool IsRunning(string database)
    {
        try
        {
            using var process = System.Diagnostics.Process.GetProcessById(int.Parse(database.Split('_')[1], CultureInfo.InvariantCulture));
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static async Task ExecuteAsync(string server, string sql)
    {
        await using var connection = new NpgsqlConnection(server + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
