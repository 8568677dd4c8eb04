namespace Engram.Portal.Client;

public sealed record SetupRequest(string Token, string Email, string Password);

public sealed record SignInRequest(string Email, string Password);

/// <param name="SessionToken">A bearer for the Api. It lives in the sealed sign-in cookie and nowhere else.</param>
/// <param name="FirstKey">The tenant's first API key; only in the answer to a set-up.</param>
public sealed record SignedIn(string SessionToken, DateTimeOffset ExpiresAt, TenantRef Tenant, UserRef User, CreatedKey? FirstKey);

public sealed record TenantRef(string Id, string Name);

public sealed record UserRef(string Email, string Role);

public sealed record AccountMe(TenantRef Tenant, UserRef? User, KeyRef? Key);

public sealed record KeyRef(string Id, string Name, string Prefix, IReadOnlyList<string>? Scopes);

public sealed record PlanUsage(
    string Plan, UsagePeriod? Period, UsageOf? Memories, UsageOf? Buckets, UsageOf? Writes, UsageOf? Queries, TokenUsage? Tokens, long? StorageBytes);

public sealed record UsagePeriod(DateTimeOffset Start, DateTimeOffset End);

/// <param name="Limit">Null where the plan sets no limit.</param>
public sealed record UsageOf(long Used, long? Limit);

public sealed record TokenUsage(long Input, long Output);

public sealed record KeyList(IReadOnlyList<ApiKey> Keys);

public sealed record ApiKey(
    string Id, string Name, string Prefix, IReadOnlyList<string>? Scopes, IReadOnlyList<string>? Buckets,
    string Status, DateTimeOffset? CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt, DateTimeOffset? RevokedAt)
{
    public const string Active = "active";
}

public sealed record CreateKey(string Name, IReadOnlyList<string> Scopes, IReadOnlyList<string>? Buckets, DateTimeOffset? ExpiresAt);

/// <param name="Key">The whole key, in this answer only.</param>
public sealed record CreatedKey(string Id, string Name, string Prefix, string Key);
