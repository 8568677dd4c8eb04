using System.Globalization;
using Engram.Benchmarks.Latency;

namespace Engram.Benchmarks.Load;

/// <summary>A class of traffic: its requests, and the series under which the server records them.</summary>
/// <param name="Name">As the report calls it.</param>
/// <param name="Series">The server's series.</param>
/// <param name="BudgetMs">p95 that is not to be exceeded.</param>
/// <param name="Workload">The requests.</param>
internal sealed record Traffic(string Name, string Series, double BudgetMs, Workload Workload);

/// <summary>Shares of the classes in the traffic.</summary>
internal static class Mix
{
    public const string Read = "read";
    public const string Mcp = "mcp";
    public const string Store = "store";
    public const string Search = "search";
    public const string Query = "query";

    public static readonly string[] Names = [Read, Mcp, Store, Search, Query];

    /// <summary>What agents do mostly is read; what an answer costs is the tenant's, so it is the rarest.</summary>
    public static IReadOnlyDictionary<string, double> Default { get; } = Parse("read=50,mcp=25,store=5,search=15,query=5");

    /// <exception cref="BenchmarkException">The text is not a mix.</exception>
    public static IReadOnlyDictionary<string, double> Parse(string text)
    {
        var weights = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, weight) = part.Split('=') is [var n, var w] ? (n, w) : (part, "1");
            if (!Names.Contains(name) || !double.TryParse(weight, CultureInfo.InvariantCulture, out var value) || value is not (>= 0 and < 1e6))
                throw new BenchmarkException($"--mix takes name=weight with the names {string.Join(", ", Names)}, not '{part}'.");
            weights[name] = value;
        }

        return weights.Values.Sum() > 0 ? weights : throw new BenchmarkException("--mix has no traffic in it.");
    }
}
