namespace Engram.Engine.Providers;

/// <summary>What went wrong at a tenant's provider, in the words of the wire contract.</summary>
public enum ProviderFaultKind
{
    /// <summary>No complete reply before the deadline.</summary>
    Timeout,

    /// <summary>The provider's own limit (429), also after waiting as long as it asked.</summary>
    RateLimited,

    /// <summary>The key is wrong, revoked, unpaid or not allowed this model (401, 402, 403).</summary>
    Auth,

    /// <summary>The provider refuses the request as it is (other 4xx), for example an unknown model.</summary>
    BadRequest,

    /// <summary>The provider is down or cannot be reached (5xx, DNS, connect), or its breaker is open.</summary>
    Unavailable,

    /// <summary>The connection broke in the middle of a reply.</summary>
    Reset,

    /// <summary>A reply that is not what was asked for: no JSON, wrong shape, empty, too large.</summary>
    Malformed,
}

/// <summary>One failed call of a provider. Holds no prompt, no reply, no key: it may be logged, stored and returned.</summary>
/// <param name="Provider">Catalogue id, such as <c>openai</c>.</param>
/// <param name="Model">The model that was asked.</param>
/// <param name="Kind">What kind of trouble.</param>
/// <param name="UpstreamStatus">The provider's HTTP status, or null where there was none.</param>
/// <param name="ElapsedMs">Milliseconds from the first attempt to giving up.</param>
/// <param name="Attempts">Attempts made, 1 or more; 0 where the breaker was open.</param>
/// <param name="Hint">What a person can do about it.</param>
public sealed record ProviderFault(
    string Provider, string Model, ProviderFaultKind Kind, int? UpstreamStatus, double ElapsedMs, int Attempts, string Hint)
{
    /// <summary>How long the provider asked to be left alone, or null.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>A provider failed. Every failure of a provider call is one of these; nothing else escapes the composed chat client but cancellation by the caller.</summary>
/// <param name="fault">What happened.</param>
/// <param name="inner">Its cause, for the log's type name only.</param>
public sealed class ProviderException(ProviderFault fault, Exception? inner = null)
    : Exception($"Provider {fault.Provider} ({fault.Model}): {fault.Kind}", inner)
{
    /// <summary>What happened.</summary>
    public ProviderFault Fault { get; } = fault;
}
