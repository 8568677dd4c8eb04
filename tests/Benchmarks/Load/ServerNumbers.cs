using System.Globalization;
using System.Text.Json;
using Engram.Benchmarks.Platform;

namespace Engram.Benchmarks.Load;

/// <summary>What the server recorded of a series; NaN without samples.</summary>
internal sealed record Recorded(string Series, long Samples, long Excluded, double P50, double P95, double P99);

/// <summary>Asks the platform what it recorded of a stretch of time.</summary>
internal static class ServerNumbers
{
    /// <summary>Records are written within a second or two; an extraction may end later.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <param name="client">The platform.</param>
    /// <param name="stretch">What was sent.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<IReadOnlyList<Recorded>> OfAsync(PlatformClient client, Stretch stretch, CancellationToken cancellationToken)
    {
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"account/latency?from={stretch.From.UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}&to={(stretch.To + TimeSpan.FromSeconds(1)).UtcDateTime:yyyy-MM-ddTHH:mm:ss.fffZ}&step_seconds=3600");
        for (var until = DateTimeOffset.UtcNow + Patience; ; await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken))
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            using var answer = await client.GetAsync(path, cancellationToken);
            var recorded = Read(answer.RootElement);
            var complete = stretch.Classes.All(c => (recorded.FirstOrDefault(r => r.Series == c.Series)?.Samples ?? 0) >= c.Times.Count);
            if (complete || DateTimeOffset.UtcNow > until)
                return recorded;
        }
    }

    private static List<Recorded> Read(JsonElement root)
    {
        var recorded = new List<Recorded>();
        foreach (var series in root.GetProperty("series").EnumerateArray())
        {
            if (!series.TryGetProperty("numbers", out var numbers) || numbers.ValueKind != JsonValueKind.Object)
                continue;
            var excluded = numbers.TryGetProperty("excluded", out var counts) ? counts.EnumerateObject().Sum(c => c.Value.ValueKind == JsonValueKind.Number ? c.Value.GetInt64() : 0) : 0;
            recorded.Add(new Recorded(series.GetProperty("series").GetString()!, numbers.GetProperty("samples").GetInt64(), excluded, Of(numbers, "p50_ms"), Of(numbers, "p95_ms"), Of(numbers, "p99_ms")));
        }

        return recorded;
    }

    private static double Of(JsonElement numbers, string name) => numbers.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN;
}
