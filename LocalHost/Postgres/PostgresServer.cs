using System.Diagnostics;
using System.Globalization;
using Engram.LocalHost.Processes;
using Npgsql;

namespace Engram.LocalHost.Postgres;

/// <summary>A PostgreSQL server of our own on 127.0.0.1, which ends with this process whatever way that ends.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(5);

    private readonly ChildProcess _process;
    private readonly PostgresDataFolder _data;

    private PostgresServer(ChildProcess process, PostgresDataFolder data, int port, string password)
    {
        _process = process;
        _data = data;
        Port = port;
        ConnectionString = Connection(port, password);
    }

    public int Port { get; }

    /// <summary>As the superuser <c>postgres</c>, naming no database.</summary>
    public string ConnectionString { get; }

    public int ProcessId => _process.Id;

    /// <summary>Completes with the exit code when the server ends, wanted or not.</summary>
    public Task<int> Exited => _process.Exited;

    /// <summary>Makes the data folder where it does not exist, starts the server and waits until it answers.</summary>
    /// <exception cref="LocalHostException">No PostgreSQL is to be had, the folder is in use, the port is taken, or the server did not start.</exception>
    public static async Task<PostgresServer> StartAsync(string dataDirectory, PostgresServerOptions options, CancellationToken ct = default)
    {
        var installation = await PostgresInstallation.ResolveAsync(options.Log, ct);
        options.Log(installation.Description);
        var data = await PostgresDataFolder.OpenAsync(dataDirectory, installation, options, ct);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                var port = options.Port == 0 ? FreePort.Find() : options.Port;
                var lines = new LastLines(options.Log);
                var process = Launch(installation, data.Folder, port, options, lines.Add);
                try
                {
                    await WaitUntilReadyAsync(process, Connection(port, options.Password), lines, ct);
                    return new PostgresServer(process, data, port, options.Password);
                }
                catch (Exception failure)
                {
                    await process.StopAsync(StopSignal.Quit);
                    // Between finding a free port and taking it another program may have taken it.
                    if (failure is not LocalHostException || options.Port != 0 || attempt == 3 || !lines.Text.Contains("could not bind", StringComparison.Ordinal))
                    {
                        throw;
                    }
                }
            }
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    /// <summary>Fast shutdown: open transactions are rolled back, everything is written.</summary>
    public async ValueTask DisposeAsync()
    {
        await _process.StopAsync();
        _process.Dispose();
        _data.Dispose();
    }

    private static ChildProcess Launch(PostgresInstallation installation, string folder, int port, PostgresServerOptions options, Action<string> output)
    {
        List<string> settings =
        [
            "listen_addresses=127.0.0.1",
            $"port={port.ToString(CultureInfo.InvariantCulture)}",
            // A socket path may have 107 bytes at most, which a data folder's path easily exceeds.
            "unix_socket_directories=",
            "jit=off",
            "max_connections=200",
            "shared_buffers=256MB",
            "shared_preload_libraries=",
            "random_page_cost=1.1",
            "log_checkpoints=off",
            "log_line_prefix=",
        ];
        if (!options.Durable)
        {
            settings.AddRange(["fsync=off", "synchronous_commit=off", "full_page_writes=off"]);
        }

        return ChildProcess.Start(
            new ChildProcessSpec(installation.Program("postgres"), ["-D", folder, .. settings.SelectMany(setting => new[] { "-c", setting })])
            {
                UserName = PostgresAccount.Name,
                WorkingDirectory = folder,
                StopSignal = StopSignal.Interrupt,
                Grace = TimeSpan.FromSeconds(20),
                // The machine's own PG* settings are meant for its own server.
                Environment = Environment.GetEnvironmentVariables().Keys.Cast<string>()
                    .Where(name => name.StartsWith("PG", StringComparison.Ordinal)).ToDictionary(name => name, string? (_) => null),
            },
            output);
    }

    private static async Task WaitUntilReadyAsync(ChildProcess process, string connectionString, LastLines lines, CancellationToken ct)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (process.Exited.IsCompleted)
            {
                throw new LocalHostException($"PostgreSQL did not start (exit code {await process.Exited}): {lines.Text}");
            }

            try
            {
                await using var connection = new NpgsqlConnection(connectionString + ";Database=postgres;Pooling=false;Timeout=5");
                await connection.OpenAsync(ct);
                return;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidPassword)
            {
                throw new LocalHostException(
                    "PostgreSQL refused the password: the data folder was made with another one. Restore parameters.json, or delete the data folder to begin anew.", e);
            }
            catch (NpgsqlException) when (clock.Elapsed < StartLimit)
            {
                // Not listening yet, or recovering after a crash.
                await Task.Delay(TimeSpan.FromMilliseconds(25), ct);
            }
        }
    }

    private static string Connection(int port, string password) =>
        new NpgsqlConnectionStringBuilder { Host = "127.0.0.1", Port = port, Username = "postgres", Password = password }.ConnectionString;
}
