namespace Engram.Engine;

/// <summary>Why an operation could not be done, in the words of the wire contract.</summary>
public enum FailureKind
{
    /// <summary>The input is wrong; <see cref="EngramException.Field"/> names where.</summary>
    InvalidRequest,

    /// <summary>No such bucket for this tenant. Another tenant's bucket looks the same.</summary>
    BucketNotFound,

    /// <summary>No such memory in this bucket. Another tenant's memory looks the same.</summary>
    MemoryNotFound,

    /// <summary>No such entity in this bucket's graph. Another tenant's entity looks the same.</summary>
    EntityNotFound,

    /// <summary>The state does not allow it: a name taken, an edit lost to another.</summary>
    Conflict,

    /// <summary>The idempotency key was used for another request.</summary>
    IdempotencyConflict,

    /// <summary>The input is larger than its limit.</summary>
    PayloadTooLarge,

    /// <summary>A limit of the plan or a budget is reached.</summary>
    QuotaExceeded,

    /// <summary>What was asked needs a model, and the tenant has set none for it.</summary>
    ProviderKeyMissing,

    /// <summary>This server cannot do it now for a reason its operator must see to.</summary>
    NotReady,

    /// <summary>The tenant has as much of it under way as it may have.</summary>
    RateLimited,

    /// <summary>This server has more of such work than it can do soon.</summary>
    Busy,
}

/// <summary>A typed failure the caller can act on. Its message is safe to return: it never holds a stored text, a query or a secret.</summary>
/// <param name="kind">What kind of failure.</param>
/// <param name="message">What was wrong and what to do about it.</param>
/// <param name="field">The input field, in wire spelling, or null.</param>
public sealed class EngramException(FailureKind kind, string message, string? field = null) : Exception(message)
{
    /// <summary>What kind of failure.</summary>
    public FailureKind Kind { get; } = kind;

    /// <summary>The input field in wire spelling (<c>metadata</c>, <c>memories[3].content</c>), or null.</summary>
    public string? Field { get; } = field;

    /// <summary>When trying again may help, or null where it does not.</summary>
    public TimeSpan? RetryAfter { get; init; }

    internal static EngramException Invalid(string field, string message) => new(FailureKind.InvalidRequest, message, field);

    internal static EngramException TooLarge(string field, string message) => new(FailureKind.PayloadTooLarge, message, field);

    /// <summary>A bucket that is not there, or that the caller may not know of.</summary>
    /// <param name="bucket">As the caller named it.</param>
    public static EngramException NoBucket(string bucket) =>
        new(FailureKind.BucketNotFound, $"There is no bucket '{bucket}'. GET /v1/buckets lists yours; storing a memory makes a bucket of a new name.", "bucket");

    /// <summary>A request that only a model can fulfil, from a tenant that has none for the role.</summary>
    /// <param name="what">What needs it, as the beginning of a sentence.</param>
    /// <param name="role">The role, in wire spelling.</param>
    /// <param name="field">The input field that asks for it, in wire spelling, or null.</param>
    public static EngramException NoProvider(string what, string role, string? field = null) => new(
        FailureKind.ProviderKeyMissing, $"{what} needs a model, and none is set for '{role}'. Add a provider with your own key at /account/providers and set its model for '{role}'.", field);

    /// <summary>A memory that is not there, or that the caller may not know of.</summary>
    public static EngramException NoMemory() => new(FailureKind.MemoryNotFound, "There is no such memory in this bucket.", "memory_id");

    /// <summary>An entity that is not there, or that the caller may not know of.</summary>
    internal static EngramException NoEntity() => new(FailureKind.EntityNotFound, "There is no such entity in this bucket. GET /v1/buckets/{bucket}/entities finds them by name.", "entity");
}
