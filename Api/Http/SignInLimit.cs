using System.ComponentModel.DataAnnotations;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;

namespace Engram.Api.Http;

/// <summary>Section <c>Engram:Limits</c>, as far as only the HTTP API has such limits.</summary>
public sealed class LimitOptions
{
    /// <summary>Largest body in bytes, 1 KiB to 1 GiB.</summary>
    [Range(1024, 1 << 30, ErrorMessage = "Engram:Limits:BodyBytes must be between 1024 and 1073741824.")]
    public int BodyBytes { get; set; } = 16 << 20;

    /// <summary>Attempts to sign in or set up in a minute, for one address and e-mail, 1 to 1,000.</summary>
    [Range(1, 1_000, ErrorMessage = "Engram:Limits:SignInsPerMinute must be between 1 and 1000.")]
    public int SignInsPerMinute { get; set; } = 10;
}

/// <summary>Keeps somebody from trying passwords, for one address and e-mail.</summary>
public sealed class SignInLimit(IOptions<LimitOptions> options) : IDisposable
{
    private readonly PartitionedRateLimiter<string> _attempts = PartitionedRateLimiter.Create<string, string>(who =>
        RateLimitPartition.GetTokenBucketLimiter(who, _ => new TokenBucketRateLimiterOptions
        {
            TokenLimit = options.Value.SignInsPerMinute,
            TokensPerPeriod = 1,
            ReplenishmentPeriod = TimeSpan.FromMinutes(1) / options.Value.SignInsPerMinute,
            AutoReplenishment = false,
            QueueLimit = 0,
        }));

    /// <summary>A problem if somebody tries to sign in too often.</summary>
    public Problem? Attempt(string address, string email)
    {
        using var token = _attempts.AttemptAcquire($"{address}\n{email.ToUpperInvariant()}");
        return token.IsAcquired
            ? null
            : Problems.RateLimited("Too many attempts to sign in. Wait before the next one.", token.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : null);
    }

    public void Dispose() => _attempts.Dispose();
}
