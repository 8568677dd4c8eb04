using System.CommandLine;
using Engram.Benchmarks.Triples;

var root = new RootCommand("Measures Engram on real data. Every subcommand prints what it measured and how.");
root.Subcommands.Add(TriplesCommand.Create());

return await root.Parse(args).InvokeAsync();
