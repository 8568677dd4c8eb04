using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;

namespace Engram.Engine.Providers;

/// <summary>Section <c>Engram:Providers</c>: how tenants' providers are called.</summary>
public sealed partial class ProviderOptions : IValidatableObject
{
    /// <summary>Seconds for a whole operation at a provider, retries and pauses included, 0.1 to 600.</summary>
    [Range(0.1, 600, ErrorMessage = "Engram:Providers:DeadlineSeconds must be between 0.1 and 600.")]
    public double DeadlineSeconds { get; set; } = 30;

    /// <summary>The most attempts at one call, the first included, 1 to 10.</summary>
    [Range(1, 10, ErrorMessage = "Engram:Providers:Attempts must be between 1 and 10.")]
    public int Attempts { get; set; } = 3;

    /// <summary>The pause before the second attempt, in milliseconds, 1 to 10,000. It doubles each time, and up to half of it is random.</summary>
    [Range(1, 10_000, ErrorMessage = "Engram:Providers:RetryMilliseconds must be between 1 and 10000.")]
    public double RetryMilliseconds { get; set; } = 400;

    /// <summary>The longest pause that is not the provider's own wish, in seconds, 0.001 to 60.</summary>
    [Range(0.001, 60, ErrorMessage = "Engram:Providers:LongestRetrySeconds must be between 0.001 and 60.")]
    public double LongestRetrySeconds { get; set; } = 8;

    /// <summary>Failed calls in a row after which a connection's breaker opens, 1 to 100.</summary>
    [Range(1, 100, ErrorMessage = "Engram:Providers:BreakerFaults must be between 1 and 100.")]
    public int BreakerFaults { get; set; } = 5;

    /// <summary>Seconds for which an open breaker lets nothing through before it tries one call, 1 to 600.</summary>
    [Range(1, 600, ErrorMessage = "Engram:Providers:BreakerSeconds must be between 1 and 600.")]
    public double BreakerSeconds { get; set; } = 15;

    /// <summary>Seconds for connecting, TLS included, 0.1 to 60.</summary>
    [Range(0.1, 60, ErrorMessage = "Engram:Providers:ConnectSeconds must be between 0.1 and 60.")]
    public double ConnectSeconds { get; set; } = 5;

    /// <summary>The largest reply that is read, in bytes, 1,024 to 268,435,456. A streamed reply counts as a whole.</summary>
    [Range(1024, 268_435_456, ErrorMessage = "Engram:Providers:MaxResponseBytes must be between 1024 and 268435456.")]
    public long MaxResponseBytes { get; set; } = 8 * 1024 * 1024;

    /// <summary>
    /// Hosts with port (<c>127.0.0.1:11434</c>, <c>localhost:1234</c>, <c>models.example.com:8443</c>) to which the rules for addresses do
    /// not apply: local model servers in development, a gateway of one's own. Plain http is allowed there. Empty in production, unless
    /// the operator answers for the host.
    /// </summary>
#pragma warning disable CA2227 // The configuration binder fills it.
    public IList<string> AllowedHosts { get; set; } = [];
#pragma warning restore CA2227

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => AllowedHosts
        .Where(host => !HostAndPort().IsMatch(host.Trim()))
        .Select(host => new ValidationResult($"Engram:Providers:AllowedHosts holds '{host}'; each entry is a host and a port, such as 127.0.0.1:11434 or [::1]:8000."));

    internal TimeSpan Deadline => TimeSpan.FromSeconds(DeadlineSeconds);

    [GeneratedRegex(@"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):[1-9][0-9]{0,4}$", RegexOptions.CultureInvariant)]
    private static partial Regex HostAndPort();
}
