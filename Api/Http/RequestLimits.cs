using System.ComponentModel.DataAnnotations;
using System.Threading.RateLimiting;
using Engram.Engine.Keys;
using Microsoft.Extensions.Options;

namespace Engram.Api.Http;

/// <summary>
/// Section <c>Engram:Limits</c>. The defaults keep one runaway client from taking the whole server; a deployment that sells plans sets its
/// own.
/// </summary>
public sealed class LimitOptions
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

    /// <summary>Largest body in bytes, 1 KiB to 1 GiB.</summary>
    [Range(1024, 1 << 30, ErrorMessage = "Engram:Limits:BodyBytes must be between 1024 and 1073741824.")]
    public int BodyBytes { get; set; } = 16 << 20;

    /// <summary>Attempts to sign in or set up in a minute, for one address and e-mail, 1 to 1,000.</summary>
    [Range(1, 1_000, ErrorMessage = "Engram:Limits:SignInsPerMinute must be between 1 and 1000.")]
    public int SignInsPerMinute { get; set; } = 10;
}

/// <summary>A token bucket per key and a cap on what a tenant has running at once.</summary>
public sealed class RequestLimits(IOptions<LimitOptions> options) : IDisposable
{
    private readonly PartitionedRateLimiter<Principal> _perKey = PartitionedRateLimiter.Create<Principal, Guid>(principal =>
        RateLimitPartition.GetTokenBucketLimiter(principal.KeyId, _ => Bucket(options.Value)));

    private readonly PartitionedRateLimiter<Principal> _perTenant = PartitionedRateLimiter.Create<Principal, Guid>(principal =>
        RateLimitPartition.GetConcurrencyLimiter(
            principal.Tenant.Id, _ => new ConcurrencyLimiterOptions { PermitLimit = options.Value.ConcurrentPerTenant, QueueLimit = 0 }));

    private readonly PartitionedRateLimiter<string> _signIns = PartitionedRateLimiter.Create<string, string>(who =>
        RateLimitPartition.GetTokenBucketLimiter(who, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = options.Value.SignInsPerMinute,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) / options.Value.SignInsPerMinute,
            AutoReplenishment = false,
            QueueLimit = 0,
        }));

    /// <summary>Takes a permit, given back when disposed, or says why not.</summary>
    public Permit Acquire(Principal principal)
    {
        using (var token = _perKey.AttemptAcquire(principal))
        {
            if (!token.IsAcquired)
            {
                return new Permit(null, Problems.RateLimited(
                    $"This key may make {options.Value.RequestsPerSecond} requests a second.", RetryAfter(token)));
            }
        }

        var slot = _perTenant.AttemptAcquire(principal);
        if (slot.IsAcquired)
            return new Permit(slot, null);
        slot.Dispose();
        return new Permit(null, Problems.RateLimited(
            $"This tenant may have {options.Value.ConcurrentPerTenant} requests running at the same time.", TimeSpan.FromSeconds(1)));
    }

    /// <summary>A problem if somebody tries to sign in too often.</summary>
    public Problem? AttemptSignIn(string address, string email)
    {
        using var token = _signIns.AttemptAcquire($"{address}\n{email.ToUpperInvariant()}");
        return token.IsAcquired ? null : Problems.RateLimited("Too many attempts to sign in. Wait before the next one.", RetryAfter(token));
    }

    public void Dispose()
    {
        _perKey.Dispose();
        _perTenant.Dispose();
        _signIns.Dispose();
    }

    // A tenth of a second's tokens at a time keeps a low rate smooth and a high one cheap.
    private static TokenBucketRateLimiterOptions Bucket(LimitOptions limits) => new()
    {
        TokenLimit = limits.Burst,
        TokensPerPeriod = Math.Max(1, limits.RequestsPerSecond / 10),
        ReplenishmentPeriod = TimeSpan.FromSeconds(limits.RequestsPerSecond >= 10 ? 0.1 : 1.0 / limits.RequestsPerSecond),
        AutoReplenishment = false,
        QueueLimit = 0,
    };

    private static TimeSpan? RetryAfter(RateLimitLease lease) => lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : null;

    /// <summary>Leave to go on, or the problem to answer with.</summary>
    public readonly record struct Permit(RateLimitLease? Slot, Problem? Refusal) : IDisposable
    {
        public void Dispose() => Slot?.Dispose();
    }
}
