using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Engram.Benchmarks.Terminal;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Engram.Benchmarks.Keys;

/// <summary><c>keys</c>: what authenticating a request costs on each of its ways.</summary>
internal static class KeysCommand
{
    private const int BcryptCost = 10;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create()
    {
        var postgres = new Option<string>("--postgres")
        {
            Description = "Superuser of a server for tests: a database is made and dropped, and the passwords of the roles engram_app and engram_system are set. Default: ENGRAM_TEST_POSTGRES.",
            DefaultValueFactory = _ => Environment.GetEnvironmentVariable("ENGRAM_TEST_POSTGRES") ?? "",
        };
        var json = new Option<bool>("--json") { Description = "Print JSON instead of a table." };
        var command = new Command("keys", "Times authentication: cached, by HMAC, by bcrypt with its upgrade, and refused.") { postgres, json };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var server = parsed.GetValue(postgres);
            if (string.IsNullOrEmpty(server))
                throw new BenchmarkException("Give --postgres, or set ENGRAM_TEST_POSTGRES.");
            Print(await RunAsync(server, cancellationToken), parsed.GetValue(json));
        });
        return command;
    }

    private static async Task<IReadOnlyList<Figure>> RunAsync(string server, CancellationToken cancellationToken)
    {
        var database = $"bench_keys_{Environment.ProcessId}";
        await ExecuteAsync(server, $"create database {database}");
        var owner = new NpgsqlConnectionStringBuilder(server) { Database = database, Pooling = false }.ConnectionString;
        try
        {
            var passwords = new MigrationOptions { AppPassword = "benchmark", SystemPassword = "benchmark" };
            await new Migrator(NullLogger<Migrator>.Instance).MigrateAsync(owner, passwords, cancellationToken);
            return await MeasureAsync(owner, cancellationToken);
        }
        finally
        {
            await ExecuteAsync(server, $"drop database if exists {database} with (force)");
        }
    }

    private static async Task<IReadOnlyList<Figure>> MeasureAsync(string owner, CancellationToken cancellationToken)
    {
        await using var cached = Services(owner, cacheSeconds: "300");
        await using var uncached = Services(owner, cacheSeconds: "0");
        var tenant = new Engine.Tenant(Guid.CreateVersion7());
        await ExecuteAsync(owner, $"insert into engram.tenants (id, name) values ('{tenant.Id}', 'Benchmark')");
        var key = (await cached.GetRequiredService<ApiKeys>().CreateAsync(tenant, new NewKey("Benchmark", Scopes.All), cancellationToken)).Key;

        var fast = cached.GetRequiredService<ApiKeyAuthenticator>();
        var slow = uncached.GetRequiredService<ApiKeyAuthenticator>();
        return
        [
            await TimeAsync("cached", 20_000, _ => fast.AuthenticateAsync(key, cancellationToken), expected: true),
            await TimeAsync("by HMAC, from the database", 2_000, _ => slow.AuthenticateAsync(key, cancellationToken), expected: true),
            await TimeLegacyAsync(owner, tenant, slow, cancellationToken),
            await TimeAsync("refused: mistyped", 20_000, _ => fast.AuthenticateAsync(key[..^1] + "!", cancellationToken), expected: false),
            await TimeAsync("refused: unknown, asked for the first time", 2_000, _ => fast.AuthenticateAsync(ApiKeyFormat.Generate(), cancellationToken), expected: false),
        ];
    }

    /// <summary>Every key is used once: the first use is the slow one, since it upgrades the row.</summary>
    private static async Task<Figure> TimeLegacyAsync(string owner, Engine.Tenant tenant, ApiKeyAuthenticator authenticator, CancellationToken cancellationToken)
    {
        const int Count = 30;
        var keys = Enumerable.Range(0, Count).Select(_ => ApiKeyFormat.Generate()).ToArray();
        foreach (var key in keys)
        {
            await ExecuteAsync(
                owner,
                $"""
                insert into engram.api_keys (tenant_id, id, name, prefix, bcrypt_hash, scopes)
                values ('{tenant.Id}', '{Guid.CreateVersion7()}', 'legacy', '{key[..15]}', public.crypt('{key}', public.gen_salt('bf', {BcryptCost})), '{"{}"}')
                """);
        }

        return await TimeAsync(
            $"by bcrypt (cost {BcryptCost}) and upgraded, first use", Count, i => authenticator.AuthenticateAsync(keys[i], cancellationToken), expected: true, warmUp: false);
    }

    private static async Task<Figure> TimeAsync(string what, int count, Func<int, ValueTask<KeyAuthentication>> authenticate, bool expected, bool warmUp = true)
    {
        for (var i = 0; warmUp && i < count / 4; i++)
            await authenticate(i);
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var (principal, _) = await authenticate(i);
            times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
            if ((principal is not null) != expected)
                throw new BenchmarkException($"{what}: authenticated is {principal is not null}, not {expected}.");
        }

        Array.Sort(times);
        return new Figure(what, count, times[count / 2], times[count * 95 / 100]);
    }

    private static ServiceProvider Services(string owner, string cacheSeconds)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Engram:Keys:HmacSecret"] = "a secret of the benchmark that is long enough",
            ["Engram:Keys:CacheSeconds"] = cacheSeconds,
        }).Build());
        services.AddLogging();
        services.AddKeyedSingleton(TenantDb.ConnectionName, (_, _) => NpgsqlDataSource.Create(As(owner, "engram_app")));
        services.AddKeyedSingleton(SystemDb.ConnectionName, (_, _) => NpgsqlDataSource.Create(As(owner, "engram_system")));
        services.AddSingleton<TenantDb>().AddSingleton<SystemDb>().AddEngramKeys();
        return services.BuildServiceProvider();
    }

    private static string As(string owner, string role) =>
        new NpgsqlConnectionStringBuilder(owner)
        {
            Username = role,
            Password = "benchmark",
            Pooling = true,
            SearchPath = "engram,public",
            MaxAutoPrepare = 50,
            AutoPrepareMinUsages = 2,
        }.ConnectionString;

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static void Print(IReadOnlyList<Figure> figures, bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { machine = Machine.Current().ToString(), unit = "microseconds", figures }, Indented));
            return;
        }

        Console.WriteLine(Machine.Current());
        Console.WriteLine();
        var table = new TextTable("authentication", "n", "p50 us", "p95 us");
        foreach (var figure in figures)
        {
            table.Add(
                figure.What,
                figure.Count.ToString(CultureInfo.InvariantCulture),
                figure.P50.ToString("0.0", CultureInfo.InvariantCulture),
                figure.P95.ToString("0.0", CultureInfo.InvariantCulture));
        }

        Console.WriteLine(table);
    }

    private sealed record Figure(string What, int Count, double P50, double P95);
}
