using System.Collections.Frozen;

namespace Engram.Engine.Keys;

/// <summary>Who calls: the tenant, the key and what it may do. Immutable, and shared by all requests with the same key.</summary>
/// <param name="Tenant">Whose rows the caller sees.</param>
/// <param name="TenantName">The tenant's display name.</param>
/// <param name="KeyId">The key's id.</param>
/// <param name="KeyName">What its owner calls it.</param>
/// <param name="KeyPrefix">The part of the key that may be shown.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="Buckets">Names of the only buckets it may touch, or null for every bucket.</param>
/// <param name="User">The person behind a portal session, or null for an API key.</param>
public sealed record Principal(
    Tenant Tenant,
    string TenantName,
    Guid KeyId,
    string KeyName,
    string KeyPrefix,
    Scopes Scopes,
    FrozenSet<string>? Buckets,
    PortalUser? User)
{
    /// <summary>Name of the tenant's plan.</summary>
    public string Plan { get; init; } = "free";

    /// <summary>Whether every scope in <paramref name="needed"/> is granted.</summary>
    public bool Has(Scopes needed) => (Scopes & needed) == needed;

    /// <summary>Whether the bucket of this name is inside the allow-list. Bucket names are case-sensitive.</summary>
    public bool MayUse(string bucketName) => Buckets is null || Buckets.Contains(bucketName);
}

/// <summary>A person signed in to the portal.</summary>
/// <param name="Id">The person's id.</param>
/// <param name="Email">E-mail address as given.</param>
/// <param name="Role"><c>owner</c>, <c>admin</c> or <c>viewer</c> of the session's tenant.</param>
public sealed record PortalUser(Guid Id, string Email, string Role)
{
    /// <summary>What the role allows.</summary>
    public Scopes Scopes => Role == "viewer" ? Scopes.MemoriesRead | Scopes.UsageRead : Scopes.All;
}

/// <summary>Why a key was refused. The caller is told none of it; counters and logs are.</summary>
public enum KeyFailure
{
    /// <summary>It was not refused.</summary>
    None,

    /// <summary>The request carries no key.</summary>
    Missing,

    /// <summary>Not of a key's form: mistyped, truncated, or something else.</summary>
    Malformed,

    /// <summary>No such key.</summary>
    Unknown,

    /// <summary>It was revoked, or the person behind the session is no longer a member.</summary>
    Revoked,

    /// <summary>Its time is over.</summary>
    Expired,
}

/// <summary>The outcome of an authentication: a principal, or why not.</summary>
/// <param name="Principal">Who calls, or null when refused.</param>
/// <param name="Failure">Why it was refused; <see cref="KeyFailure.None"/> when it was not.</param>
public readonly record struct KeyAuthentication(Principal? Principal, KeyFailure Failure)
{
    internal static KeyAuthentication Refused(KeyFailure failure) => new(null, failure);
}
