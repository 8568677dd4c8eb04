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
    private int _llmCalls;
    private long _inputTokens;
    private long _outputTokens;
    private decimal? _cost;

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

    /// <summary>Bytes of a response that goes out in pieces; null while none did.</summary>
    public long? ResponseBytes { get; set; }

    /// <summary>Why it did not do what it should, and the cause (a kind of fault, a problem's code); null as long as nothing went wrong.</summary>
    public (OpOutcome Outcome, string? Cause)? Failure { get; private set; }

    /// <summary>The provider and model asked last, with the fault of the last call that failed; null where no model was called.</summary>
    public (string Provider, string Model, string? Fault)? Llm { get; private set; }

    /// <summary>What calls of models took so far: calls, tokens read, tokens written, US dollars where a price is known.</summary>
    public (int Calls, long InputTokens, long OutputTokens, decimal? CostUsd) LlmUse
    {
        get
        {
            lock (_gate)
                return (_llmCalls, _inputTokens, _outputTokens, _cost);
        }
    }

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

    /// <summary>Says that it does not do what it should. The first to say so is right: what follows is its consequence.</summary>
    /// <param name="outcome">How it ends.</param>
    /// <param name="cause">A kind of fault or a problem's code. Never a text, a query or a secret.</param>
    public void Fail(OpOutcome outcome, string? cause) => Failure ??= (outcome, cause);

    /// <summary>Counts one call of a model.</summary>
    /// <param name="provider">Catalogue id.</param>
    /// <param name="model">The model.</param>
    /// <param name="inputTokens">Tokens it read.</param>
    /// <param name="outputTokens">Tokens it wrote.</param>
    /// <param name="costUsd">Price, where known.</param>
    /// <param name="fault">Kind of fault in the words of the wire contract, or null.</param>
    public void CountLlmCall(string provider, string model, long inputTokens, long outputTokens, decimal? costUsd, string? fault)
    {
        lock (_gate)
        {
            _llmCalls++;
            _inputTokens += inputTokens;
            _outputTokens += outputTokens;
            _cost = costUsd is null ? _cost : (_cost ?? 0) + costUsd;
            Llm = (provider, model, fault ?? Llm?.Fault);
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

    /// <summary>The record of the operation, once it has ended.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="keyId">With which key, or null.</param>
    /// <param name="host">Who served it.</param>
    /// <param name="now">The time of its end.</param>
    public OperationRecord ToRecord(Tenant tenant, Guid? keyId, string host, DateTimeOffset now)
    {
        Stop();
        var (elapsed, llm) = (Elapsed, LlmUse);
        var late = elapsed > LatencyBudgets.Cutoff;
        // An agent's tool that calls a model is a query to whoever waits for it.
        var opClass = Class == OpClass.Mcp && llm.Calls > 0 ? OpClass.Query : Class;
        return new OperationRecord(
            tenant, RequestId, now - elapsed, host, Operation ?? "(unknown)", opClass, late ? OpOutcome.Cutoff : Failure?.Outcome ?? OpOutcome.Ok, elapsed)
        {
            Cause = late ? Llm?.Fault ?? Failure?.Cause : Failure?.Cause,
            Provider = Llm?.Provider,
            Model = Llm?.Model,
            KeyId = keyId,
            LlmCalls = llm.Calls,
            InputTokens = llm.InputTokens,
            OutputTokens = llm.OutputTokens,
            CostUsd = llm.CostUsd,
            Started = Started,
            Hops = Hops(),
        };
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
