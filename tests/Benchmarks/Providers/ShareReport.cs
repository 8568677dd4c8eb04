using System.Globalization;
using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Providers;

/// <summary>The outcome of `provider-share`. All in milliseconds; of a query, own + provider + wait = total.</summary>
internal sealed record ShareReport(
    string Model, int TopK, Machine Machine, Percentiles Total, Percentiles Provider, Percentiles Wait, Percentiles Own, Percentiles OwnServer,
    int Extractive, IReadOnlyDictionary<string, int> Errors)
{
    public static ShareReport Of(string model, int topK, IReadOnlyList<Asked> asked)
    {
        // An answer without a call is not of the kind that is measured here: it is counted and said.
        var answered = asked.Where(a => a is { Failed: false, Calls: > 0 }).ToList();
        return new ShareReport(
            model, topK, Machine.Current(),
            Percentiles.Of(answered.Select(a => a.ClientMs)),
            Percentiles.Of(answered.Select(a => a.ProviderMs)),
            Percentiles.Of(answered.Select(a => a.WaitMs)),
            Percentiles.Of(answered.Select(a => a.OwnMs)),
            Percentiles.Of(answered.Select(a => a.OwnServerMs)),
            asked.Count(a => a is { Failed: false, Calls: 0 }),
            asked.Where(a => a.Failed).CountBy(a => a.Status).ToDictionary());
    }

    public void Print(double targetMs)
    {
        var table = new TextTable("share of a query", "n", "p50 ms", "p95 ms", "p99 ms");
        void Row(string name, Percentiles times) => table.Add(name, Number(times.Count, "0"), Number(times.P50, "0.0"), Number(times.P95, "0.0"), Number(times.P99, "0.0"));
        Row("all, as the client sees it", Total);
        Row("the provider's", Provider);
        Row("pauses between attempts", Wait);
        Row("ours, with network and client", Own);
        Row("ours, by the server's clock", OwnServer);
        Console.WriteLine($"{Environment.NewLine}Queries answered by {Model}, k {TopK}, one at a time{Environment.NewLine}{Machine}{Environment.NewLine}");
        Console.WriteLine(table);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Target: ours, with network and client, p95 < {targetMs} ms: {(Own.P95 < targetMs ? "pass" : "FAIL")}"));
        if (Extractive > 0)
            Console.WriteLine($"{Extractive} queries were answered without a model and are not in the figures.");
        foreach (var (code, times) in Errors)
            Console.WriteLine($"{times} queries failed: {code}");
    }

    private static string Number(double value, string format) => double.IsNaN(value) ? "-" : value.ToString(format, CultureInfo.InvariantCulture);
}
