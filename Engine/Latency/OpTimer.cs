using System.Diagnostics;
using System.Globalization;

namespace Engram.Engine.Latency;

/// <summary>One measured part of an operation. Times are <see cref="Stopwatch"/> ticks.</summary>
/// <param name="Hop">Which part.</param>
/// <param name="Started">When it began, as a <see cref="Stopwatch"/> timestamp.</param>
/// <param name="Ticks">How long it took.</param>
/// <param name="Label">What tells it from others of its kind (the purpose of an LLM call), or null.</param>
public readonly record struct HopSample(Hop Hop, long Started, long Ticks, string? Label);

/// <summary>
/// The clock of one operation, started in the outermost middleware, so that the cost of authentication is inside the number. It is
/// passed to whatever does the work, and collects the hops. Safe for concurrent hops; one instance per operation.
/// </summary>
public sealed class OpTimer
{
    private const int ExpectedHops = 6;

    private readonly Lock _gate = new();
    private HopSample[] _hops = new HopSample[ExpectedHops];
    private int _count;
    private long _stopped;

    /// <summary>Starts the clock.</summary>
    /// <param name="requestId">UUIDv7 under which the operation and its hops are recorded.</param>
    public OpTimer(Guid requestId)
    {
        RequestId = requestId;
        Started = Stopwatch.GetTimestamp();
    }

    /// <summary>The id the caller sees as <c>X-Request-Id</c>.</summary>
    public Guid RequestId { get; }

    /// <summary>When the operation began, as a <see cref="Stopwatch"/> timestamp.</summary>
    public long Started { get; }

    /// <summary>The class whose budget applies. Set once it is known which operation it is.</summary>
    public OpClass Class { get; set; }

    /// <summary>Operation label such as <c>GET /router/buckets</c> or <c>query_memory</c>; null until known.</summary>
    public string? Operation { get; set; }

    /// <summary>Time since the start, or until <see cref="Stop"/>.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(Started, _stopped == 0 ? Stopwatch.GetTimestamp() : _stopped);

    /// <summary>Measures until the returned scope is disposed: <c>using (timer.Measure(Hop.DbRead)) ...</c></summary>
    public HopScope Measure(Hop hop, string? label = null) => new(this, hop, label);

    /// <summary>Adds a part that has been measured already.</summary>
    /// <param name="hop">Which part.</param>
    /// <param name="started">When it began, as a <see cref="Stopwatch"/> timestamp.</param>
    /// <param name="ended">When it ended.</param>
    /// <param name="label">What tells it from others of its kind.</param>
    public void Add(Hop hop, long started, long ended, string? label = null)
    {
        lock (_gate)
        {
            if (_count == _hops.Length)
            {
                Array.Resize(ref _hops, _count * 2);
            }

            _hops[_count++] = new HopSample(hop, started, ended - started, label);
        }
    }

    /// <summary>Stops the clock. Later calls do nothing.</summary>
    public void Stop()
    {
        if (_stopped == 0)
        {
            _stopped = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>A copy of the parts so far, in the order in which they ended.</summary>
    public HopSample[] Hops()
    {
        lock (_gate)
        {
            return _hops[.._count];
        }
    }

    /// <summary>Summed time of one kind of hop so far. Concurrent hops add up, so it may exceed <see cref="Elapsed"/>.</summary>
    public TimeSpan Total(Hop hop)
    {
        lock (_gate)
        {
            return Stopwatch.GetElapsedTime(0, Sum(hop));
        }
    }

    /// <summary>
    /// The value of a <c>Server-Timing</c> header: each kind of hop that took place with its summed milliseconds, then <c>total</c>.
    /// </summary>
    public string ToServerTiming()
    {
        Span<char> text = stackalloc char[400];
        var length = 0;
        lock (_gate)
        {
            Span<long> sums = stackalloc long[HopNames.Count];
            Span<bool> seen = stackalloc bool[HopNames.Count];
            for (var i = 0; i < _count; i++)
            {
                sums[(int)_hops[i].Hop] += _hops[i].Ticks;
                seen[(int)_hops[i].Hop] = true;
            }

            for (var i = 0; i < sums.Length; i++)
            {
                if (seen[i])
                {
                    Append(text, ref length, HopNames.Of((Hop)i), Stopwatch.GetElapsedTime(0, sums[i]));
                }
            }
        }

        Append(text, ref length, "total", Elapsed);
        return new string(text[..length]);
    }

    private static void Append(Span<char> text, ref int length, string name, TimeSpan time)
    {
        var separator = length == 0 ? "" : ", ";
        if (text[length..].TryWrite(CultureInfo.InvariantCulture, $"{separator}{name};dur={time.TotalMilliseconds:0.000}", out var written))
        {
            length += written;
        }
    }

    private long Sum(Hop hop)
    {
        long ticks = 0;
        for (var i = 0; i < _count; i++)
        {
            ticks += _hops[i].Hop == hop ? _hops[i].Ticks : 0;
        }

        return ticks;
    }

    /// <summary>Adds a hop to its timer when disposed. A value type: measuring allocates nothing.</summary>
    public readonly struct HopScope : IDisposable
    {
        private readonly OpTimer _timer;
        private readonly Hop _hop;
        private readonly string? _label;
        private readonly long _started;

        internal HopScope(OpTimer timer, Hop hop, string? label)
        {
            _timer = timer;
            _hop = hop;
            _label = label;
            _started = Stopwatch.GetTimestamp();
        }

        /// <inheritdoc/>
        public void Dispose() => _timer.Add(_hop, _started, Stopwatch.GetTimestamp(), _label);
    }
}
