using System.Threading.RateLimiting;
using Engram.Engine.Latency;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Lanes;

/// <summary>
/// Keeps heavy work from moving light work: queries and stores go through a lane each, with few places and a bounded queue, while reads go
/// past both and find a core, a thread and a connection. Held only for what this machine does: never while a model is waited for.
/// </summary>
/// <remarks>
/// Each host counts for itself. Not a <see cref="ConcurrencyLimiter"/>: what was let in once comes back for its second part
/// (<see cref="ReturnAsync"/>) and must not be refused then, however long the queue is.
/// </remarks>
public sealed class WorkLanes : IDisposable
{
    private readonly Lane _queries;
    private readonly Lane _stores;

    /// <summary>Opens the lanes.</summary>
    /// <param name="options">Their size.</param>
    public WorkLanes(IOptions<LaneOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        (_queries, _stores) = (new Lane("queries", options.Value), new Lane("stores", options.Value));
    }

    /// <summary>Takes a place in a lane, waiting for it if need be.</summary>
    /// <param name="lane"><see cref="OpClass.Query"/> or <see cref="OpClass.Store"/>.</param>
    /// <param name="tenant">Whose work it is.</param>
    /// <param name="timer">Gets the hop <c>queue-wait</c>, where it has to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The place, given back when disposed.</returns>
    /// <exception cref="EngramException">
    /// The tenant has its share of the lane already (<see cref="FailureKind.RateLimited"/>), or too many wait (<see cref="FailureKind.Busy"/>).
    /// </exception>
    public ValueTask<LanePlace> EnterAsync(OpClass lane, Tenant tenant, OpTimer timer, CancellationToken cancellationToken = default) =>
        Of(lane).EnterAsync(tenant, timer, cancellationToken);

    /// <summary>Takes a place for more work on what was let in before; it may have to wait, but is not refused.</summary>
    /// <param name="lane"><see cref="OpClass.Query"/> or <see cref="OpClass.Store"/>.</param>
    /// <param name="timer">Gets the hop <c>queue-wait</c>, where it has to wait.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<LanePlace> ReturnAsync(OpClass lane, OpTimer timer, CancellationToken cancellationToken = default) =>
        Of(lane).ReturnAsync(timer, cancellationToken);

    /// <summary>Waits for somebody else's machine without a place, which others may take meanwhile, and comes back to one.</summary>
    /// <param name="lane"><see cref="OpClass.Query"/> or <see cref="OpClass.Store"/>.</param>
    /// <param name="stay">Whose place it is.</param>
    /// <param name="wait">What is waited for.</param>
    /// <param name="timer">Gets the hop <c>queue-wait</c>, where it has to wait for a place.</param>
    /// <param name="cancellationToken">Ends the wait for a place.</param>
    internal async Task StepOutAsync(OpClass lane, LaneStay stay, Task wait, OpTimer timer, CancellationToken cancellationToken)
    {
        stay.Dispose();
        await wait;
        stay.Place = await ReturnAsync(lane, timer, cancellationToken);
    }

    /// <summary>How many wait for a place in a lane now.</summary>
    /// <param name="lane"><see cref="OpClass.Query"/> or <see cref="OpClass.Store"/>.</param>
    public int WaitingIn(OpClass lane) => Of(lane).Waiting;

    /// <inheritdoc/>
    public void Dispose()
    {
        _queries.Dispose();
        _stores.Dispose();
    }

    private Lane Of(OpClass lane) => lane switch
    {
        OpClass.Query => _queries,
        OpClass.Store => _stores,
        _ => throw new ArgumentOutOfRangeException(nameof(lane), lane, "Only heavy work has a lane."),
    };

    private sealed class Lane(string name, LaneOptions options) : IDisposable
    {
        private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

        private readonly SemaphoreSlim _places = new(options.EffectivePlaces);

        private readonly PartitionedRateLimiter<Tenant> _shares = PartitionedRateLimiter.Create<Tenant, Guid>(tenant =>
            RateLimitPartition.GetConcurrencyLimiter(tenant.Id, _ => new ConcurrencyLimiterOptions { PermitLimit = options.PerTenant, QueueLimit = 0 }));

        private int _waiting;

        public int Waiting => Volatile.Read(ref _waiting);

        public async ValueTask<LanePlace> EnterAsync(Tenant tenant, OpTimer timer, CancellationToken cancellationToken)
        {
            var share = _shares.AttemptAcquire(tenant);
            try
            {
                if (!share.IsAcquired)
                {
                    throw new EngramException(FailureKind.RateLimited, $"This tenant has {options.PerTenant} {name} under way. Send fewer at once.")
                    { RetryAfter = OneSecond };
                }

                if (!_places.Wait(0, CancellationToken.None))
                    await WaitAsync(timer, cancellationToken);
                return new LanePlace(_places, share);
            }
            catch
            {
                share.Dispose();
                throw;
            }
        }

        public async ValueTask<LanePlace> ReturnAsync(OpTimer timer, CancellationToken cancellationToken)
        {
            if (!_places.Wait(0, CancellationToken.None))
            {
                using var hop = timer.Measure(Hop.QueueWait, name);
                await _places.WaitAsync(cancellationToken);
            }

            return new LanePlace(_places, null);
        }

        public void Dispose()
        {
            _places.Dispose();
            _shares.Dispose();
        }

        private async Task WaitAsync(OpTimer timer, CancellationToken cancellationToken)
        {
            try
            {
                if (Interlocked.Increment(ref _waiting) > options.Waiting)
                {
                    throw new EngramException(FailureKind.Busy, $"{options.Waiting} {name} wait already for this server. Try again shortly.")
                    { RetryAfter = OneSecond };
                }

                using var hop = timer.Measure(Hop.QueueWait, name);
                await _places.WaitAsync(cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _waiting);
            }
        }
    }
}

/// <summary>A stay in a lane that may be interrupted.</summary>
internal sealed class LaneStay(LanePlace place) : IDisposable
{
    /// <summary>The place held, or null.</summary>
    public LanePlace? Place { get; set; } = place;

    /// <inheritdoc/>
    public void Dispose()
    {
        Place?.Dispose();
        Place = null;
    }
}

/// <summary>A place in a lane. Dispose it once, as soon as the work is done.</summary>
public readonly struct LanePlace : IDisposable
{
    private readonly SemaphoreSlim _places;
    private readonly RateLimitLease? _share;

    internal LanePlace(SemaphoreSlim places, RateLimitLease? share) => (_places, _share) = (places, share);

    /// <inheritdoc/>
    public void Dispose()
    {
        _places.Release();
        _share?.Dispose();
    }
}
