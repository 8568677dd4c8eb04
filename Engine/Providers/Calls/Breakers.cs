using System.Collections.Concurrent;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Providers;

/// <summary>
/// The breakers of all tenants' connections. Counts faults in a row, which is what a person understands; a library's breaker by failure rate
/// needs more traffic than one tenant has. Only connections that are failing are remembered.
/// </summary>
public sealed class Breakers
{
    private readonly ConcurrentDictionary<(Guid Tenant, Guid Connection), Breaker> _failing = new();
    private readonly ProviderOptions _options;
    private readonly TimeProvider _time;

    /// <summary>All closed.</summary>
    /// <param name="options">Section <c>Engram:Providers</c>.</param>
    /// <param name="time">The clock.</param>
    public Breakers(IOptions<ProviderOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_options, _time) = (options.Value, time);
    }

    /// <summary>Connections that are failing now; for tests and for curiosity.</summary>
    internal int Failing => _failing.Count;

    /// <summary>Forgets what a connection did, for example because its key or address was changed.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="connectionId">Which.</param>
    public void Reset(Tenant tenant, Guid connectionId) => _failing.TryRemove((tenant.Id, connectionId), out _);

    /// <summary>Asks to be let through.</summary>
    /// <returns>Null where the breaker is open.</returns>
    internal Pass? Enter((Guid Tenant, Guid Connection) key, out TimeSpan opensIn, out ProviderFault? last)
    {
        (opensIn, last) = (TimeSpan.Zero, null);
        if (!_failing.TryGetValue(key, out var breaker))
        {
            return new Pass(this, key, isProbe: false);
        }

        lock (breaker)
        {
            if (breaker.Faults < _options.BreakerFaults)
            {
                return new Pass(this, key, isProbe: false);
            }

            last = breaker.Last;
            opensIn = breaker.OpenUntil - _time.GetUtcNow();
            if (opensIn > TimeSpan.Zero || breaker.Probing)
            {
                // While the one call that tries is on its way nobody knows how long it takes: a second is a fair time to ask again.
                opensIn = opensIn > TimeSpan.Zero ? opensIn : TimeSpan.FromSeconds(1);
                return null;
            }

            breaker.Probing = true;
            return new Pass(this, key, isProbe: true);
        }
    }

    private void Fail((Guid, Guid) key, ProviderFault fault)
    {
        var breaker = _failing.GetOrAdd(key, static _ => new Breaker());
        lock (breaker)
        {
            breaker.Last = fault;
            breaker.Probing = false;
            if (++breaker.Faults >= _options.BreakerFaults)
            {
                breaker.OpenUntil = _time.GetUtcNow() + TimeSpan.FromSeconds(_options.BreakerSeconds);
            }
        }
    }

    /// <summary>A probe whose caller went away has found out nothing: the next call may try.</summary>
    private void GiveUpProbe((Guid, Guid) key)
    {
        if (_failing.TryGetValue(key, out var breaker))
        {
            lock (breaker)
            {
                breaker.Probing = false;
            }
        }
    }

    /// <summary>One call that was let through. Disposing it without a word means that it ended before the provider had shown anything.</summary>
    internal sealed class Pass(Breakers breakers, (Guid Tenant, Guid Connection) key, bool isProbe) : IDisposable
    {
        private bool _told;

        public void Answered()
        {
            _told = true;
            breakers._failing.TryRemove(key, out _);
        }

        public void Failed(ProviderFault fault)
        {
            _told = true;
            breakers.Fail(key, fault);
        }

        public void Dispose()
        {
            if (isProbe && !_told)
            {
                breakers.GiveUpProbe(key);
            }
        }
    }

    private sealed class Breaker
    {
        public int Faults { get; set; }

        public DateTimeOffset OpenUntil { get; set; }

        public bool Probing { get; set; }

        public ProviderFault? Last { get; set; }
    }
}
