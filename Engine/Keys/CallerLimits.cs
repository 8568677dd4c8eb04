using System.ComponentModel.DataAnnotations;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Keys;

/// <summary>
/// Section <c>Engram:Limits</c>, as far as it bounds callers. The defaults keep one runaway client from taking the whole server; a deployment
/// that sells plans sets its own. Each host counts for itself.
/// </summary>
public sealed class CallerLimitOptions
{
    /// <summary>Requests a second a key may make in the long run, 1 to 1,000,000.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Engram:Limits:RequestsPerSecond must be between 1 and 1000000.")]
    public int RequestsPerSecond { get; set; } = 20_000;

    /// <summary>Requests a key may make at once before that rate applies, 1 to 10,000,000.</summary>
    [Range(1, 10_000_000, ErrorMessage = "Engram:Limits:Burst must be between 1 and 10000000.")]
    public int Burst { get; set; } = 40_000;

    /// <summary>Requests of one tenant served at the same time, 1 to 100,000.</summary>
    [Range(1, 100_000, ErrorMessage = "Engram:Limits:ConcurrentPerTenant must be between 1 and 100000.")]
    public int ConcurrentPerTenant { get; set; } = 128;
}

/// <summary>Leave to go on, to be disposed when the request ends, or why not.</summary>
/// <param name="Slot">What is given back when disposed.</param>
/// <param name="Refusal">Why the request may not be served now, safe to return; null where it may.</param>
/// <param name="RetryAfter">How long to wait before the next try.</param>
public readonly record struct CallerPermit(RateLimitLease? Slot, string? Refusal, TimeSpan RetryAfter) : IDisposable
{
    /// <inheritdoc/>
    public void Dispose() => Slot?.Dispose();
}

/// <summary>A token bucket per key and a cap on what a tenant has running at once, the same over HTTP and over MCP.</summary>
/// <param name="options">The limits.</param>
public sealed class CallerLimits(IOptions<CallerLimitOptions> options) : IDisposable
{
    private static readonly TimeSpan OneSecond = TimeSpan.FromSeconds(1);

    private readonly PartitionedRateLimiter<Principal> _perKey = PartitionedRateLimiter.Create<Principal, Guid>(principal =>
        RateLimitPartition.GetTokenBucketLimiter(principal.KeyId, _ => Bucket(options.Value)));

    private readonly PartitionedRateLimiter<Principal> _perTenant = PartitionedRateLimiter.Create<Principal, Guid>(principal =>
        RateLimitPartition.GetConcurrencyLimiter(
            principal.Tenant.Id, _ => new ConcurrencyLimiterOptions { PermitLimit = options.Value.ConcurrentPerTenant, QueueLimit = 0 }));

    /// <summary>Takes a permit, or says why not. Never waits.</summary>
    /// <param name="principal">Who calls.</param>
    public CallerPermit Acquire(Principal principal)
    {
        using (var token = _perKey.AttemptAcquire(principal))
        {
            if (!token.IsAcquired)
            {
                return new CallerPermit(
                    null,
                    $"This key may make {options.Value.RequestsPerSecond} requests a second.",
                    token.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : OneSecond);
            }
        }

        var slot = _perTenant.AttemptAcquire(principal);
        if (slot.IsAcquired)
            return new CallerPermit(slot, null, default);
        slot.Dispose();
        return new CallerPermit(null, $"This tenant may have {options.Value.ConcurrentPerTenant} requests running at the same time.", OneSecond);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _perKey.Dispose();
        _perTenant.Dispose();
    }

    // A tenth of a second's tokens at a time keeps a low rate smooth and a high one cheap.
    private static TokenBucketRateLimiterOptions Bucket(CallerLimitOptions limits) => new()
    {
        TokenLimit = limits.Burst,
        TokensPerPeriod = Math.Max(1, limits.RequestsPerSecond / 10),
        ReplenishmentPeriod = TimeSpan.FromSeconds(limits.RequestsPerSecond >= 10 ? 0.1 : 1.0 / limits.RequestsPerSecond),
        AutoReplenishment = false,
        QueueLimit = 0,
    };
}
