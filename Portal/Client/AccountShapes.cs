namespace Engram.Portal.Client;

public sealed record SetupRequest(string Token, string Email, string Password);

/// <param name="Client">What signs in, for the list of sessions.</param>
public sealed record SignInRequest(string Email, string Password, string? Client = null);

/// <param name="InvitationToken">To take an invitation up.</param>
public sealed record OidcSignIn(string IdToken, string Nonce, string? InvitationToken, string? Client);

/// <param name="SessionToken">A bearer for the Api. It lives in the sealed sign-in cookie and nowhere else.</param>
/// <param name="FirstKey">The tenant's first API key; only in the answer to a set-up.</param>
public sealed record SignedIn(string SessionToken, DateTimeOffset ExpiresAt, TenantRef Tenant, UserRef User, CreatedKey? FirstKey);

public sealed record TenantRef(string Id, string Name);

public sealed record UserRef(string Email, string Role);

public sealed record AccountMe(TenantRef Tenant, UserRef? User, KeyRef? Key);

public sealed record KeyRef(string Id, string Name, string Prefix, IReadOnlyList<string>? Scopes);

public sealed record PlanUsage(
    string Plan, UsagePeriod? Period, UsageOf? Memories, UsageOf? Buckets, UsageOf? Writes, UsageOf? Queries, TokenUsage? Tokens, long? StorageBytes,
    decimal? CostUsd = null, IReadOnlyList<BucketUsage>? ByBucket = null, IReadOnlyList<KeyUsage>? ByKey = null, IReadOnlyList<ModelUsage>? ByModel = null,
    UsageProjection? Projected = null);

public sealed record BucketUsage(string BucketId, string BucketName, long Memories, long StorageBytes, long Writes);

public sealed record KeyUsage(string KeyId, long Writes, long Queries, long InputTokens, long OutputTokens, decimal CostUsd);

/// <summary>What a model did and cost on one day for one kind of operation.</summary>
public sealed record ModelUsage(
    DateOnly Day, string Provider, string Model, string Operation, string Role, long Calls, long Faults, long UnpricedCalls, TokenUsage Tokens, decimal CostUsd);

/// <summary>What was used on the days from <paramref name="From"/> to <paramref name="To"/>; a day and operation without use is not there.</summary>
public sealed record DailyUsageReport(DateOnly From, DateOnly To, IReadOnlyList<DailyUse> Days);

/// <param name="Operation">store, query, edit or delete.</param>
/// <param name="Memories">Memories the requests stored, returned, changed or deleted.</param>
public sealed record DailyUse(DateOnly Day, string Operation, long Requests, long Memories);

/// <summary>What the period comes to if it goes on as it did.</summary>
public sealed record UsageProjection(long Memories, long Writes, long Queries);

public sealed record AuditPage(IReadOnlyList<AuditEntry> Entries, string? Next);

public sealed record AuditEntry(
    string Id, DateTimeOffset At, string Actor, string? KeyPrefix, string? Ip, string Action, string Target, System.Text.Json.JsonElement? Before, System.Text.Json.JsonElement? After, string? RequestId);

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

/// <param name="GraceSeconds">How long the old key goes on working.</param>
public sealed record RollKey(int GraceSeconds);
