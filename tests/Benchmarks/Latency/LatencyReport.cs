using System.Globalization;
using System.Text.Json;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Latency;

/// <summary>What was to be reached, and whether it was.</summary>
internal sealed record Target(string Text, bool Met)
{
    public static Target? RatioOf(double most, Ratio? ratio) => ratio is null ? null : new Target(string.Create(CultureInfo.InvariantCulture, $"p95 <= {most}x"), ratio.Median <= most);

    public static Target P95Below(double milliseconds, Measured measured) =>
        new(string.Create(CultureInfo.InvariantCulture, $"p95 < {milliseconds} ms"), measured.Errors == 0 && measured.Times.P95 < milliseconds);
}

/// <summary>A line of the report.</summary>
internal sealed record Line(Measured Measured, Ratio? Ratio, Target? Target);

/// <summary>The outcome of the latency benchmark.</summary>
internal sealed record LatencyReport(LatencySettings Settings, string Texts, IReadOnlyList<Line> Lines, KeyTimes? Keys, IReadOnlyList<string> Notes)
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerOptions.Web)
    {
        WriteIndented = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public void Print()
    {
        var table = new TextTable("request", "callers", "n", "per s", "p50 ms", "p95 ms", "p99 ms", "errors", "p95 / floor", "target", "");
        foreach (var (m, ratio, target) in Lines)
        {
            table.Add(
                m.Name, Number(m.Callers, "0"), Number(m.Times.Count, "0"), Number(m.PerSecond, "0"), Number(m.Times.P50, "0.00"), Number(m.Times.P95, "0.00"),
                Number(m.Times.P99, "0.00"), Number(m.Errors, "0"),
                ratio is null ? "" : $"{Number(ratio.Median, "0.00")} ({Number(ratio.Low, "0.00")}-{Number(ratio.High, "0.00")})",
                target?.Text ?? "", target is null ? "" : target.Met ? "pass" : "FAIL");
        }

        Console.WriteLine($"{Environment.NewLine}Latency seen by a raw keep-alive client on the same machine; texts: {Texts}; {Machine.Current()}");
        Console.WriteLine("Each request and its floor took turns in ten short rounds; p95 / floor is the median of the rounds' ratios with their quartiles.");
        Console.WriteLine($"{Environment.NewLine}{table}");
        if (Keys is not null)
            Console.WriteLine(KeyTiming.Describe(Keys));
        foreach (var note in Notes)
            Console.WriteLine(note);
        foreach (var m in Lines.Select(line => line.Measured).Where(m => m.FirstError is not null))
            Console.WriteLine($"First error of '{m.Name}', {m.Callers} callers: {m.FirstError}");
    }

    public Task WriteAsync(FileInfo file) =>
        File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(new { machine = Machine.Current(), Settings, Texts, Lines, Keys, Notes }, Indented));

    private static string Number(double value, string format) => double.IsNaN(value) ? "-" : value.ToString(format, CultureInfo.InvariantCulture);
}
