using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Engram.Engine.Latency;

/// <summary>
/// The recorded operations as OpenTelemetry sees them: the same operations under the same names with the same times as in the records, because
/// both are made of the record. A tenant's id is on no metric. Costs next to nothing while nobody listens.
/// </summary>
public sealed class OperationTelemetry : IDisposable
{
    private const string Name = "Engram";

    /// <summary>Boundaries in seconds, every budget and the cutoff among them: what is within budget can be read off the buckets.</summary>
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 30],
    };

    private readonly ActivitySource _source = new(Name);
    private readonly Counter<long> _dropped;
    private readonly Histogram<double> _operations;
    private readonly Histogram<double> _hops;

    /// <summary>Makes the instruments.</summary>
    /// <param name="meters">The host's meters.</param>
    public OperationTelemetry(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        var meter = meters.Create(Name);
        _dropped = meter.CreateCounter<long>("engram.operations.dropped", "{operation}", "Operations that were not recorded because the database was away");
        _operations = meter.CreateHistogram("engram.operation.duration", "s", "Time at the server's boundary, by operation, class, series and outcome", advice: Seconds);
        _hops = meter.CreateHistogram("engram.hop.duration", "s", "Time of one part of an operation, by hop and class", advice: Seconds);
    }

    /// <inheritdoc/>
    public void Dispose() => _source.Dispose();

    internal void Dropped(int records) => _dropped.Add(records);

    internal void Record(OperationRecord record)
    {
        if (_operations.Enabled)
        {
            _operations.Record(
                record.Duration.TotalSeconds,
                new("engram.operation", record.Operation),
                new("engram.class", OpNames.Of(record.Class)),
                new("engram.series", record.Series),
                new("engram.outcome", OpNames.Of(record.Outcome)));
        }

        if (_hops.Enabled)
        {
            foreach (var hop in record.Hops)
                _hops.Record(Stopwatch.GetElapsedTime(0, hop.Ticks).TotalSeconds, new("engram.hop", HopNames.Of(hop.Hop)), new("engram.class", OpNames.Of(record.Class)));
        }

        if (_source.HasListeners())
            Trace(record);
    }

    /// <summary>A span of the operation inside the host's own span of the request, and inside it one of each hop.</summary>
    private void Trace(OperationRecord record)
    {
        using var operation = _source.StartActivity(record.Operation, ActivityKind.Internal, Activity.Current?.Context ?? default, Tags(record), startTime: record.At);
        if (operation is null)
            return;
        foreach (var hop in record.Hops)
        {
            var start = record.At + Stopwatch.GetElapsedTime(record.Started, hop.Started);
            using var span = _source.StartActivity(HopNames.Of(hop.Hop), ActivityKind.Internal, operation.Context, startTime: start);
            span?.SetTag("engram.hop.label", hop.Label);
            span?.SetEndTime((start + Stopwatch.GetElapsedTime(0, hop.Ticks)).UtcDateTime);
        }

        if (record.Outcome is OpOutcome.ServerError or OpOutcome.ProviderFault or OpOutcome.Cutoff or OpOutcome.ShapeFail)
            operation.SetStatus(ActivityStatusCode.Error, record.Cause);
        operation.SetEndTime((record.At + record.Duration).UtcDateTime);
    }

    private static IEnumerable<KeyValuePair<string, object?>> Tags(OperationRecord record) =>
    [
        new("engram.request_id", record.RequestId.ToString()),
        new("engram.operation", record.Operation),
        new("engram.class", OpNames.Of(record.Class)),
        new("engram.series", record.Series),
        new("engram.outcome", OpNames.Of(record.Outcome)),
        new("engram.cause", record.Cause),
        new("engram.cold", record.Cold),
    ];
}
