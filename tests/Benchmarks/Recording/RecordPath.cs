using System.Diagnostics;
using System.Diagnostics.Metrics;
using Engram.Benchmarks.Latency;
using Engram.Engine;
using Engram.Engine.Database;
using Engram.Engine.Latency;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Engram.Benchmarks.Recording;

/// <summary>What a request itself pays for its record, in this process: the clock, its hops, the record, and its way into the queue.</summary>
internal static class RecordPath
{
    private const int Rounds = 10;

    // Fewer than the queue holds, since nobody empties it here.
    private const int Requests = 20_000;

    /// <returns>Microseconds with recording on and with it off, in turns.</returns>
    public static (Percentiles On, Percentiles Off) Measure()
    {
        using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var source = NpgsqlDataSource.Create("Host=nowhere.invalid");
        var (on, off) = (new List<double>(), new List<double>());
        for (var round = -2; round < Rounds; round++)
        {
            foreach (var (record, into) in new[] { (true, on), (false, off) })
            {
                using var telemetry = new OperationTelemetry(services.GetRequiredService<IMeterFactory>());
                using var log = new OperationLog(
                    new SystemDb(source), Options.Create(new OperationOptions { Record = record }), TimeProvider.System, telemetry,
                    NullLogger<OperationLog>.Instance);
                var times = Run(log);
                if (round >= 0)
                    into.AddRange(times);
            }
        }

        return (Percentiles.Of(on), Percentiles.Of(off));
    }

    private static double[] Run(OperationLog log)
    {
        var (tenant, key, times) = (new Tenant(Guid.CreateVersion7()), Guid.CreateVersion7(), new double[Requests]);
        for (var i = 0; i < times.Length; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var timer = new OpTimer(Guid.CreateVersion7()) { Class = OpClass.Read, Operation = "GET /router/buckets" };
            using (timer.Measure(Hop.AuthDecode))
            {
            }

            using (timer.Measure(Hop.DbRead))
            {
            }

            using (timer.Measure(Hop.Serialize))
            {
            }

            log.Record(timer.ToRecord(tenant, key, "api", DateTimeOffset.UtcNow) with { Status = 200, ResponseBytes = 500 });
            times[i] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }

        return times;
    }
}
