using System.ComponentModel.DataAnnotations;

namespace Engram.Engine.Keys;

/// <summary>Section <c>Engram:Keys</c>.</summary>
public sealed class KeyOptions
{
    /// <summary>
    /// The deployment's secret under which keys are stored as HMAC-SHA256. At least 32 characters. Every host and <c>Worker migrate</c>
    /// need the same one; when it changes, every key issued before is unknown.
    /// </summary>
    [Required(ErrorMessage = "Engram:Keys:HmacSecret is missing: the deployment's secret for API keys, at least 32 characters.")]
    [MinLength(32, ErrorMessage = "Engram:Keys:HmacSecret is too short: at least 32 characters.")]
    public string HmacSecret { get; set; } = "";

    /// <summary>
    /// How long an authenticated key is remembered, in seconds, 0 to 300. This bounds how long a revoked key may still work in another
    /// process should its invalidation get lost.
    /// </summary>
    [Range(0, 300, ErrorMessage = "Engram:Keys:CacheSeconds must be between 0 and 300.")]
    public double CacheSeconds { get; set; } = 30;

    /// <summary>How long a refused key is remembered, in seconds, 0 to 30: enough to blunt a flood of one wrong key.</summary>
    [Range(0, 30, ErrorMessage = "Engram:Keys:RefusedSeconds must be between 0 and 30.")]
    public double RefusedSeconds { get; set; } = 2;

    /// <summary>The most keys remembered of each kind (authenticated, refused), 1 to 1,000,000.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Engram:Keys:CacheEntries must be between 1 and 1000000.")]
    public int CacheEntries { get; set; } = 10_000;

    /// <summary>How often the times of last use are written, in seconds, 0.05 to 300.</summary>
    [Range(0.05, 300, ErrorMessage = "Engram:Keys:LastUsedSeconds must be between 0.05 and 300.")]
    public double LastUsedSeconds { get; set; } = 3;
}
