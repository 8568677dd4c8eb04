using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost.Postgres;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Engram.LocalHost.Running;

/// <summary>Runs the PostgreSQL server and makes its databases; starts it again on the same port when it crashes.</summary>
internal sealed class PostgresRunner(PostgresServerResource resource, string dataDirectory, ResourceNotificationService states, ResourceConsole console)
    : ResourceRunner(resource, states, console)
{
    private PostgresServer? _server;

    protected override IEnumerable<IResource> Published => [resource, .. resource.DatabaseResources];

    private EndpointAnnotation Endpoint => resource.Annotations.OfType<EndpointAnnotation>().Single();

    /// <summary>Stopped by the application after everything that uses it, not by the token of <see cref="ResourceRunner.RunAsync"/>.</summary>
    public async Task StopServerAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
            _server = null;
        }
    }

    protected override async Task RunResourceAsync(CancellationToken stop)
    {
        Publish(KnownResourceStates.Starting);
        if (resource.GivenConnectionString is { } given)
        {
            Say("using the PostgreSQL that was given");
            UseAddressOf(given);
            await CheckGivenAsync(given, stop);
            await MakeDatabasesAsync(given, stop);
            Publish(KnownResourceStates.Running, HealthStatus.Healthy);
            await Task.Delay(Timeout.Infinite, stop);
        }

        if (resource.Annotations.OfType<ImageAnnotation>().LastOrDefault() is { } image)
        {
            Say($"a local server stands in for the image {image.Image}; its data is in {dataDirectory}");
        }

        var policy = new RestartPolicy();
        var clock = Stopwatch.StartNew();
        while (true)
        {
            _server = await StartAsync(stop);
            await MakeDatabasesAsync(_server.ConnectionString, stop);
            Publish(KnownResourceStates.Running, HealthStatus.Healthy);
            var exitCode = await _server.Exited.WaitAsync(stop);
            await StopServerAsync();
            if (policy.Crashed(clock.Elapsed) is not { } pause)
            {
                Fail($"crashed {RestartPolicy.MostCrashes} times within {RestartPolicy.Window.TotalSeconds:0} s, given up; see its lines above");
                return;
            }

            Console.Error($"{Resource.Name} ended unexpectedly (exit code {exitCode}), starting it again");
            Publish(KnownResourceStates.Starting);
            await Task.Delay(pause, stop);
        }
    }

    private async Task<PostgresServer> StartAsync(CancellationToken stop)
    {
        var password = (await resource.PasswordParameter.GetValueAsync(stop))!;
        var server = await PostgresServer.StartAsync(
            Path.Combine(dataDirectory, resource.Name), new PostgresServerOptions { Port = WantedPort(), Password = password, Log = Say }, stop);
        Endpoint.AllocatedPorts = [server.Port];
        await File.WriteAllTextAsync(PortFile, server.Port.ToString(CultureInfo.InvariantCulture), stop);
        return server;
    }

    private string PortFile => Path.Combine(dataDirectory, resource.Name + ".port");

    /// <summary>After a crash the same port, since the others know it; at a start the port of last time, for whoever has noted it.</summary>
    private int WantedPort()
    {
        if (Endpoint.AllocatedPorts is [var current])
        {
            return current;
        }

        if (Endpoint.Port is { } configured)
        {
            return FreePort.IsFree(configured)
                ? configured
                : throw new LocalHostException($"Port {configured}, wanted by '{Resource.Name}', is in use by another program. Stop that program or give the resource another port.");
        }

        return File.Exists(PortFile) && int.TryParse(File.ReadAllText(PortFile), CultureInfo.InvariantCulture, out var last) && FreePort.IsFree(last) ? last : 0;
    }

    private void UseAddressOf(string connectionString)
    {
        var builder = new NpgsqlConnectionStringBuilder(connectionString);
        Endpoint.Host = builder.Host ?? "localhost";
        Endpoint.AllocatedPorts = [builder.Port];
    }

    private static async Task CheckGivenAsync(string connectionString, CancellationToken ct)
    {
        try
        {
            await using var connection = new NpgsqlConnection(WithoutDatabase(connectionString));
            await connection.OpenAsync(ct);
            await using var command = new NpgsqlCommand(
                "SELECT current_setting('server_version_num')::int / 10000, (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')", connection);
            await using var reader = await command.ExecuteReaderAsync(ct);
            await reader.ReadAsync(ct);
            var vector = await reader.IsDBNullAsync(1, ct) ? null : reader.GetString(1);
            if (!PostgresInstallation.IsRecentEnough(reader.GetInt32(0), vector))
            {
                throw new LocalHostException(
                    $"The given PostgreSQL is version {reader.GetInt32(0)} with {(vector is null ? "no pgvector" : $"pgvector {vector}")}. Needed is {PostgresInstallation.Needed}.");
            }
        }
        catch (NpgsqlException e)
        {
            throw new LocalHostException($"The given PostgreSQL cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The connection string may name the very database that does not exist yet.</summary>
    private static string WithoutDatabase(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Database = "postgres" }.ConnectionString;

    private async Task MakeDatabasesAsync(string connectionString, CancellationToken ct)
    {
        try
        {
            await using var connection = new NpgsqlConnection(WithoutDatabase(connectionString));
            await connection.OpenAsync(ct);
            foreach (var database in resource.DatabaseResources)
            {
                await MakeDatabaseAsync(connection, database.DatabaseName, ct);
            }
        }
        catch (NpgsqlException e)
        {
            throw new LocalHostException($"The database cannot be made on the PostgreSQL server: {e.Message}", e);
        }
    }

    private static async Task MakeDatabaseAsync(NpgsqlConnection connection, string name, CancellationToken ct)
    {
        // Asked first, since a failed CREATE DATABASE is an ERROR in the server's log at every start.
        await using var exists = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = name } } };
        if (await exists.ExecuteScalarAsync(ct) is not null)
        {
            return;
        }

        try
        {
            await using var create = new NpgsqlCommand($"CREATE DATABASE \"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"", connection);
            await create.ExecuteNonQueryAsync(ct);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.DuplicateDatabase)
        {
            // Another AppHost on the same given server was quicker.
        }
    }
}
