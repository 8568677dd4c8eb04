using System.CommandLine;
using Engram.Benchmarks;
using Engram.Benchmarks.Keys;
using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Load;
using Engram.Benchmarks.Mcp;
using Engram.Benchmarks.Providers;
using Engram.Benchmarks.Recording;
using Engram.Benchmarks.Retrieval;
using Engram.Benchmarks.Triples;

var root = new RootCommand("Measures Engram on real data. Every subcommand prints what it measured and how.")
{
    LocomoCommand.Create(),
    LongMemEvalCommand.Create(),
    TriplesCommand.Create(),
    LatencyCommand.Create(),
    FloorServer.CreateCommand(),
    KeysCommand.Create(),
    FrontierCommand.Create(),
    ProviderShareCommand.Create(),
    LoadCommand.Create(),
    WritesCommand.Create(),
    RecordingCommand.Create(),
    McpCompareCommand.Create(),
    McpSessionsCommand.Create(),
};

// After Ctrl-C a run prints what it has and removes its buckets; that takes longer than the two seconds it would be given.
var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromMinutes(1) };
try
{
    return await root.Parse(args).InvokeAsync(configuration);
}
catch (Exception e) when (e is BenchmarkException or IOException or Npgsql.NpgsqlException or InvalidDataException or InvalidOperationException { InnerException: System.ComponentModel.Win32Exception })
{
    await Console.Error.WriteLineAsync($"Error: {e.Message}");
    return 1;
}
catch (OperationCanceledException)
{
    return 130;
}
