namespace Engram.Engine.Keys;

/// <summary>What is known of a key, which never includes the key itself.</summary>
/// <param name="Id">The key's id, a UUIDv7.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Prefix">The part that may be shown.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="Buckets">Names of the only buckets it may touch, or null for every bucket.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it stops working, or null.</param>
/// <param name="RevokedAt">When it was revoked, or null.</param>
/// <param name="LastUsedAt">When it was last used, to within a few seconds, or null.</param>
/// <param name="IsLegacy">Still stored as bcrypt: it was issued before keys were stored as HMACs, and has not been used since.</param>
public sealed record ApiKey(
    Guid Id,
    string Name,
    string Prefix,
    Scopes Scopes,
    string[]? Buckets,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    DateTimeOffset? LastUsedAt,
    bool IsLegacy);

/// <summary>A key just made: the only time its text exists outside its owner's hands.</summary>
/// <param name="Key">The text to hand over and forget.</param>
/// <param name="Info">What is stored of it.</param>
public sealed record CreatedKey(string Key, ApiKey Info);

/// <summary>What a new key shall be.</summary>
/// <param name="Name">1 to 100 characters.</param>
/// <param name="Scopes">At least one.</param>
/// <param name="Buckets">Names of the only buckets it may touch, or null for every bucket.</param>
/// <param name="ExpiresAt">In the future, or null for never.</param>
public sealed record NewKey(string Name, Scopes Scopes, string[]? Buckets = null, DateTimeOffset? ExpiresAt = null);

/// <summary>Why a key could not be made or changed.</summary>
public enum KeyChangeFailure
{
    /// <summary>It could.</summary>
    None,

    /// <summary>No such key of this tenant.</summary>
    NotFound,

    /// <summary>The key would be allowed more than the one that asks for it.</summary>
    ExceedsCreator,

    /// <summary>The key is revoked or expired already, and cannot be rolled.</summary>
    NotActive,
}
