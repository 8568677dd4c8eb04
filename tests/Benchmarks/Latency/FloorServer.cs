using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Engram.Benchmarks.Latency;

/// <summary>
/// The floor: Kestrel and one prepared select by key, nothing else, in a process of its own as the Api is. What the Api takes above it is the Api's doing.
/// </summary>
internal sealed class FloorServer : IDisposable
{
    private const string ConnectionVariable = "ENGRAM_BENCH_POSTGRES";
    private const string Ready = "floor listens on ";

    private readonly Process _process;

    private FloorServer(Process process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    /// <summary>The hidden subcommand that is the child.</summary>
    public static Command CreateCommand()
    {
        var command = new Command("floor-server", "The floor of `latency`, started by it") { Hidden = true };
        command.SetAction((_, ct) => ServeAsync(ct));
        return command;
    }

    public static async Task<FloorServer> StartAsync(string postgres, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true, RedirectStandardInput = true };
        // Under `dotnet X.dll` the process is dotnet and wants the program named.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(FloorServer).Assembly.Location);
        start.ArgumentList.Add("floor-server");
        // Not an argument: those can be read by every user of the machine.
        start.Environment[ConnectionVariable] = postgres;
        var process = Process.Start(start)!;
        try
        {
            while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
            {
                if (line.StartsWith(Ready, StringComparison.Ordinal))
                    return new FloorServer(process, new Uri(line[Ready.Length..]));
            }

            throw new BenchmarkException("The floor server did not start: check --postgres.");
        }
        catch
        {
            End(process);
            throw;
        }
    }

    public void Dispose() => End(_process);

    private static void End(Process process)
    {
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        process.Dispose();
    }

    private static async Task<int> ServeAsync(CancellationToken cancellationToken)
    {
        var connection = Environment.GetEnvironmentVariable(ConnectionVariable)
            ?? throw new BenchmarkException("floor-server is started by `latency`, not by hand.");
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connection) { MaxAutoPrepare = 10, AutoPrepareMinUsages = 1 });
        await using (var one = source.CreateCommand("select 1"))
            await one.ExecuteScalarAsync(cancellationToken);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        await using var app = builder.Build();
        app.Run(context => AnswerAsync(context, source));
        await app.StartAsync(cancellationToken);
        Console.WriteLine(Ready + app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

        // Standard input ends with the process that started this one, however that ends.
        await Console.In.ReadToEndAsync(cancellationToken);
        return 0;
    }

    private static async Task AnswerAsync(HttpContext context, NpgsqlDataSource source)
    {
        await using var connection = await source.OpenConnectionAsync(context.RequestAborted);
        await using var command = new NpgsqlCommand("select oid, typname from pg_catalog.pg_type where oid = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<uint> { TypedValue = 25, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid });
        await using var reader = await command.ExecuteReaderAsync(context.RequestAborted);
        await reader.ReadAsync(context.RequestAborted);
        var text = string.Create(CultureInfo.InvariantCulture, $$"""{"id":{{reader.GetFieldValue<uint>(0)}},"name":"{{reader.GetString(1)}}"}""");
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = text.Length;
        await context.Response.WriteAsync(text, context.RequestAborted);
    }
}
