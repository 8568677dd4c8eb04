using System.Globalization;
using System.Text.Json;
using Engram.Benchmarks.Terminal;

namespace Engram.Benchmarks.Load;

/// <summary>What a process used during a stretch.</summary>
/// <param name="Cores">Processors kept busy.</param>
/// <param name="MegaBytes">At the end.</param>
/// <param name="Growth">Since the start.</param>
internal sealed record Usage(string Name, double Cores, double MegaBytes, double Growth)
{
    public static IReadOnlyList<Usage> Between(IReadOnlyList<(string Name, ProcessUse Use)> before, IReadOnlyList<(string Name, ProcessUse Use)> after, TimeSpan time) =>
    [
        .. after.Join(before, a => a.Name, b => b.Name, (a, b) => new Usage(
            a.Name, (a.Use.CpuSeconds - b.Use.CpuSeconds) / time.TotalSeconds, a.Use.MegaBytes, a.Use.MegaBytes - b.Use.MegaBytes)),
    ];
}

/// <summary>Tables that are Markdown.</summary>
internal static class LoadReport
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerOptions.Web)
    {
        WriteIndented = true,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static void Print(Stretch stretch, IReadOnlyList<Recorded> recorded, IReadOnlyList<Usage> usage)
    {
        var table = new TextTable("class", "offered/s", "answered/s", "n", "errors", "p50 ms", "p95", "p99", "budget p95", "", "server n", "p50 ms", "p95", "p99", "client - server, p95");
        foreach (var c in stretch.Classes)
        {
            var server = recorded.FirstOrDefault(r => r.Series == c.Series);
            table.Add(
                c.Name, Number(c.Offered, "0.0"), Number(c.Answered, "0.0"), Number(c.Times.Count, "0"), Errors(c), Number(c.Times.P50, "0.00"), Number(c.Times.P95, "0.00"),
                Number(c.Times.P99, "0.00"), Number(c.BudgetMs, "0"), Within(c) ? "within" : "OVER",
                Number(server?.Samples ?? 0, "0"), Number(server?.P50 ?? double.NaN, "0.00"), Number(server?.P95 ?? double.NaN, "0.00"), Number(server?.P99 ?? double.NaN, "0.00"),
                Number(c.Times.P95 - (server?.P95 ?? double.NaN), "0.00"));
        }

        if (recorded.FirstOrDefault(r => r.Series == "store") is { Samples: > 0 } extracted)
        {
            table.Add(
                "store, extracted", "", "", "", "", "", "", "", "2000", extracted.P95 <= 2000 ? "within" : "OVER", Number(extracted.Samples, "0"),
                Number(extracted.P50, "0.00"), Number(extracted.P95, "0.00"), Number(extracted.P99, "0.00"), "");
        }

        Console.WriteLine($"{Environment.NewLine}{table}");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"Client times count from when each request was due, the server's from its first byte to its last. The client sent 99 of 100 within {stretch.Classes.Max(c => c.LagP99):0.0} ms of their time."));
        Print(usage);
    }

    public static void Print(IReadOnlyList<Usage> usage)
    {
        if (usage.Count == 0)
            return;
        var table = new TextTable("process", "cores busy", "memory MB", "growth MB");
        foreach (var u in usage)
            table.Add(u.Name, Number(u.Cores, "0.00"), Number(u.MegaBytes, "0"), Number(u.Growth, "0"));
        Console.WriteLine($"{Environment.NewLine}{table}");
    }

    /// <summary>The same traffic in two circumstances, taken in turns.</summary>
    public static void Print(string withoutName, string withName, IReadOnlyList<Outcome> without, IReadOnlyList<Outcome> with)
    {
        var table = new TextTable("request", "beside it", "offered/s", "answered/s", "n", "errors", "p50 ms", "p95", "p99");
        foreach (var (name, outcomes) in new[] { (withoutName, without), (withName, with) })
        {
            foreach (var c in outcomes.Where(c => c.Offered > 0))
            {
                table.Add(
                    c.Name, name, Number(c.Offered, "0.0"), Number(c.Answered, "0.0"), Number(c.Times.Count, "0"), Errors(c), Number(c.Times.P50, "0.00"),
                    Number(c.Times.P95, "0.00"), Number(c.Times.P99, "0.00"));
            }
        }

        Console.WriteLine($"{Environment.NewLine}{table}");
    }

    public static bool Within(Outcome c) => c.Times.Count == 0 || c.Times.P95 <= c.BudgetMs;

    /// <summary>How many by status, such as <c>12x503</c>.</summary>
    public static string Errors(Outcome c) => c.ErrorCount == 0 ? "0" : string.Join(' ', c.Errors.OrderByDescending(e => e.Value).Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Value}x{NameOf(e.Key)}")));

    public static Task WriteAsync(FileInfo file, object figures) =>
        File.WriteAllTextAsync(file.FullName, JsonSerializer.Serialize(new { machine = Machine.Current(), figures }, Indented));

    public static string Number(double value, string format) => double.IsNaN(value) ? "-" : value.ToString(format, CultureInfo.InvariantCulture);

    private static string NameOf(int status) => status switch { 0 => "lost", 1 => "wrong", _ => status.ToString(CultureInfo.InvariantCulture) };
}
