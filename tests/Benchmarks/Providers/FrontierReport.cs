using System.Globalization;
using System.Text.Json;
using Engram.Benchmarks.Latency;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Providers;

/// <summary>One model at one k.</summary>
/// <param name="Model">The model.</param>
/// <param name="TopK">Memories given to it at most.</param>
/// <param name="Times">Milliseconds of the good answers as the client sees them.</param>
/// <param name="ProviderTimes">Of these, the provider's.</param>
/// <param name="InputTokens">Mean tokens read for a question.</param>
/// <param name="OutputTokens">Mean tokens written for a question.</param>
/// <param name="CostUsd">Mean price of a question, or null where the model has no known price.</param>
/// <param name="Agreement">Mean token F1 with the reference's answers to the same questions, 0 to 1.</param>
/// <param name="Answered">Share of the questions with status answered, partial or conflicting.</param>
/// <param name="Failures">Failed questions by code.</param>
/// <param name="OnFrontier">No other point agrees at least as much for less, or more for as little.</param>
internal sealed record FrontierPoint(
    string Model, int TopK, Percentiles Times, Percentiles ProviderTimes, double InputTokens, double OutputTokens, decimal? CostUsd, double Agreement, double Answered,
    IReadOnlyDictionary<string, int> Failures, bool OnFrontier = false)
{
    /// <param name="model">The model.</param>
    /// <param name="topK">Memories given to it at most.</param>
    /// <param name="asked">What came back, in the order of the questions.</param>
    /// <param name="reference">What the reference answered, in the same order.</param>
    public static FrontierPoint Of(string model, int topK, IReadOnlyList<Asked> asked, IReadOnlyList<Asked> reference)
    {
        var good = asked.Where(a => !a.Failed).ToList();
        // A question that only one of the two answered counts as disagreement; one that the reference failed says nothing.
        var pairs = asked.Zip(reference).Where(pair => !pair.Second.Failed).ToList();
        return new FrontierPoint(
            model, topK,
            Percentiles.Of(good.Select(a => a.ClientMs)),
            Percentiles.Of(good.Select(a => a.ProviderMs)),
            Mean(good.Select(a => (double)a.InputTokens)),
            Mean(good.Select(a => (double)a.OutputTokens)),
            good.Count > 0 && good.TrueForAll(a => a.CostUsd is not null) ? good.Average(a => a.CostUsd!.Value) : null,
            Mean(pairs.Select(pair => pair.First.Failed ? 0 : AnswerAgreement.TokenF1(pair.First.Answer, pair.Second.Answer))),
            Mean(asked.Select(a => a.Status is "answered" or "partial" or "conflicting" ? 1.0 : 0.0)),
            asked.Where(a => a.Failed).CountBy(a => a.Status).ToDictionary());
    }

    /// <summary>Marks the points that are worth their price. Without prices the tokens stand for them.</summary>
    public static List<FrontierPoint> Mark(IReadOnlyList<FrontierPoint> points)
    {
        var priced = points.All(point => point.CostUsd is not null || point.Times.Count == 0);
        double Cost(FrontierPoint point) => point.Times.Count == 0 ? double.PositiveInfinity : priced ? (double)point.CostUsd!.Value : point.InputTokens + point.OutputTokens;
        bool Beats(FrontierPoint a, FrontierPoint b) =>
            a.Times.Count > 0 && Cost(a) <= Cost(b) && a.Agreement >= b.Agreement && (Cost(a) < Cost(b) || a.Agreement > b.Agreement);
        return [.. points.Select(point => point with { OnFrontier = point.Times.Count > 0 && !points.Any(other => Beats(other, point)) })];
    }

    private static double Mean(IEnumerable<double> values) => values.DefaultIfEmpty(double.NaN).Average();
}

/// <summary>The outcome of `frontier`.</summary>
internal sealed record FrontierReport(string Title, Machine Machine, string Reference, int Questions, IReadOnlyList<FrontierPoint> Points)
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerOptions.Web)
    {
        WriteIndented = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public void Print()
    {
        var table = new TextTable("model", "top_k", "p50 ms", "p95 ms", "provider p50", "provider p95", "tokens in", "tokens out", "USD / 1000", "agreement", "answered", "failed", "frontier");
        foreach (var point in Points)
        {
            table.Add(
                point.Model, Number(point.TopK, "0"), Number(point.Times.P50, "0.0"), Number(point.Times.P95, "0.0"), Number(point.ProviderTimes.P50, "0.0"),
                Number(point.ProviderTimes.P95, "0.0"), Number(point.InputTokens, "0"), Number(point.OutputTokens, "0"),
                point.CostUsd is { } cost ? Number((double)cost * 1000, "0.000") : "-", Number(point.Agreement, "0.000"), Number(point.Answered, "0.00"),
                point.Failures.Count == 0 ? "0" : string.Join(", ", point.Failures.Select(failure => $"{failure.Value} {failure.Key}")), point.OnFrontier ? "*" : "");
        }

        Console.WriteLine($"{Environment.NewLine}{Title}, {Questions} questions; agreement is token F1 with {Reference}{Environment.NewLine}{Machine}{Environment.NewLine}");
        Console.WriteLine(table);
        if (Points.Any(point => point.CostUsd is null && point.Times.Count > 0))
            Console.WriteLine("A model without a known price: the frontier is drawn over tokens. Give prices with the connection (docs/providers.md).");
    }

    public Task WriteAsync(FileInfo file) => File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(this, Indented));

    private static string Number(double value, string format) => double.IsNaN(value) ? "-" : value.ToString(format, CultureInfo.InvariantCulture);
}
