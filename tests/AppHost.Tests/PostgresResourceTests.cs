using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost;
using Engram.LocalHost.Postgres;
using Engram.LocalHost.Processes;
using Npgsql;

namespace Engram.AppHost.Tests;

/// <summary>The PostgreSQL of the app model: its data, its crashes, its leftovers.</summary>
public sealed class PostgresResourceTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public async Task A_crashed_PostgreSQL_is_recovered_on_the_same_port_with_its_data()
    {
        using var data = new TemporaryFolder();
        await using var app = await StartAsync(data.Path);
        var connection = await ConnectionAsync(app);
        await ExecuteAsync(connection, "CREATE TABLE kept (id int); INSERT INTO kept VALUES (42)");
        var pid = int.Parse((await File.ReadAllLinesAsync(data["pg/postmaster.pid"]))[0], CultureInfo.InvariantCulture);
        Signals.Send(pid, StopSignal.Kill);
        await Eventually.TrueAsync(() => app.Output.Contains("pg ended unexpectedly", StringComparison.Ordinal), Limit, () => app.Output);
        await Eventually.TrueAsync(AnswersAsync, Limit, () => app.Output);
        Assert.Equal(connection, await ConnectionAsync(app));
        Assert.Equal(42, await ExecuteAsync(connection, "SELECT id FROM kept"));

        async Task<bool> AnswersAsync()
        {
            try
            {
                return await ExecuteAsync(connection, "SELECT 1") is 1;
            }
            catch (NpgsqlException)
            {
                return false;
            }
        }
    }

    [Fact]
    public async Task The_data_the_password_and_the_port_survive_a_restart()
    {
        using var data = new TemporaryFolder();
        string connection;
        await using (var app = await StartAsync(data.Path))
        {
            connection = await ConnectionAsync(app);
            await ExecuteAsync(connection, "CREATE EXTENSION vector; CREATE TABLE kept (v vector(2)); INSERT INTO kept VALUES ('[1,2]')");
        }

        await using var again = await StartAsync(data.Path);
        Assert.Equal(connection, await ConnectionAsync(again));
        Assert.Equal(5.0, await ExecuteAsync(connection, "SELECT -(v <#> v) FROM kept"));
    }

    [Fact]
    public async Task A_lost_password_is_explained()
    {
        using var data = new TemporaryFolder();
        await using (var app = await StartAsync(data.Path))
        {
            await ConnectionAsync(app);
        }

        File.Delete(data["parameters.json"]);
        await using var again = await StartAsync(data.Path);
        var failure = await Assert.ThrowsAsync<DistributedApplicationException>(() => ConnectionAsync(again));
        Assert.Contains("Restore parameters.json", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_given_PostgreSQL_is_used_and_gets_the_database()
    {
        using var data = new TemporaryFolder();
        await using var given = await PostgresServer.StartAsync(data["given"], new PostgresServerOptions { Password = "secret", Durable = false });
        await using var app = await StartAsync(data["app"], $"--ConnectionStrings:pg={given.ConnectionString}");
        var connection = await ConnectionAsync(app);
        Assert.Equal("shop", await ExecuteAsync(connection, "SELECT current_database()::text"));
        Assert.Equal(given.Port, new NpgsqlConnectionStringBuilder(connection).Port);
        Assert.False(Directory.Exists(data["app/pg"]), "no server of its own");
    }

    [Fact]
    public async Task A_half_made_database_folder_is_made_anew()
    {
        using var data = new TemporaryFolder();
        Directory.CreateDirectory(data["server.partial"]);
        await File.WriteAllTextAsync(data["server.partial/PG_VERSION"], "17");
        await using var server = await PostgresServer.StartAsync(data["server"], new PostgresServerOptions { Password = "secret", Durable = false });
        Assert.Equal(1, await ExecuteAsync(server.ConnectionString, "SELECT 1"));
    }

    [Fact]
    public async Task A_stale_pid_file_that_names_another_programs_process_does_not_hinder_the_start()
    {
        using var data = new TemporaryFolder();
        var options = new PostgresServerOptions { Password = "secret", Durable = false };
        string[] lines;
        await using (await PostgresServer.StartAsync(data["server"], options))
        {
            lines = await File.ReadAllLinesAsync(data["server/postmaster.pid"]);
        }

        lines[0] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        await File.WriteAllLinesAsync(data["server/postmaster.pid"], lines);
        await using var again = await PostgresServer.StartAsync(data["server"], options);
        Assert.Equal(1, await ExecuteAsync(again.ConnectionString, "SELECT 1"));
    }

    [Fact]
    public async Task A_database_folder_has_one_server_at_a_time()
    {
        using var data = new TemporaryFolder();
        var options = new PostgresServerOptions { Password = "secret", Durable = false };
        await using var first = await PostgresServer.StartAsync(data["server"], options);
        var failure = await Assert.ThrowsAsync<LocalHostException>(() => PostgresServer.StartAsync(data["server"], options));
        Assert.Contains("in use by another AppHost", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PostgreSQL_listens_on_the_loopback_interface_only_and_asks_for_the_password()
    {
        using var data = new TemporaryFolder();
        await using var server = await PostgresServer.StartAsync(data["server"], new PostgresServerOptions { Password = "secret", Durable = false });
        Assert.Equal("127.0.0.1", await ExecuteAsync(server.ConnectionString, "SHOW listen_addresses"));
        var wrong = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Password = "guessed" }.ConnectionString;
        var refused = await Assert.ThrowsAsync<PostgresException>(() => ExecuteAsync(wrong, "SELECT 1"));
        Assert.Equal(PostgresErrorCodes.InvalidPassword, refused.SqlState);
    }

    private static async Task<DistributedApplication> StartAsync(string data, params string[] args)
    {
        var builder = new DistributedApplicationBuilder(["--data", data, "--ports", "auto", .. args], appHost: null);
        builder.AddPostgres("pg").AddDatabase("shop");
        var app = builder.BuildForTest(temporaryData: null);
        await app.StartAsync();
        return app;
    }

    private static async Task<string> ConnectionAsync(DistributedApplication app)
    {
        await app.ResourceNotifications.WaitForResourceHealthyAsync("shop").WaitAsync(Limit);
        var resource = app.Resources.OfType<PostgresDatabaseResource>().Single();
        return (await ((IResourceWithConnectionString)resource).GetConnectionStringAsync())!;
    }

    private static async Task<object?> ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync();
    }
}
