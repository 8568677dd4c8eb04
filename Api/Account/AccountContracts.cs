using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Engram.Engine.Accounts;
using Engram.Engine.Keys;

namespace Engram.Api.Account;

public sealed record TenantView(Guid Id, string Name);

public sealed record UserView(string Email, string Role);

/// <param name="Id">The key's id.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Prefix">The part that may be shown.</param>
/// <param name="Scopes">What it may do.</param>
public sealed record CallerKeyView(Guid Id, string Name, string Prefix, IReadOnlyList<string> Scopes);

/// <summary>Who the key of the request is.</summary>
public sealed record MeResponse(TenantView Tenant, UserView? User, CallerKeyView Key)
{
    public static MeResponse From(Principal principal) => new(
        new TenantView(principal.Tenant.Id, principal.TenantName),
        principal.User is { } user ? new UserView(user.Email, user.Role) : null,
        new CallerKeyView(principal.KeyId, principal.KeyName, principal.KeyPrefix, ScopeNames.Of(principal.Scopes)));
}

public sealed record CreateKeyRequest
{
    [Description("What you call it."), StringLength(100, MinimumLength = 1)]
    public required string Name { get; init; }

    [Description("memories:read, memories:write, memories:delete, buckets:admin, usage:read, account:admin."), MinLength(1), MaxLength(6)]
    public required string[] Scopes { get; init; }

    [Description("Names of the only buckets the key may touch. Leave out for every bucket."), MinLength(1), MaxLength(100)]
    public string[]? Buckets { get; init; }

    [Description("When the key stops working. Leave out for never.")]
    public DateTimeOffset? ExpiresAt { get; init; }
}

public sealed record RollKeyRequest
{
    [Description("How long the old key goes on working, in seconds, up to 7 days. 0, the default, revokes it at once."), Range(0, 604_800)]
    public int GraceSeconds { get; init; }
}

/// <summary>A key as lists show it.</summary>
public sealed record KeyView(
    Guid Id,
    string Name,
    string Prefix,
    IReadOnlyList<string> Scopes,
    IReadOnlyList<string>? Buckets,
    string Status,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    DateTimeOffset? LastUsedAt,
    bool Legacy)
{
    public static KeyView From(ApiKey key, DateTimeOffset now) => new(
        key.Id,
        key.Name,
        key.Prefix,
        ScopeNames.Of(key.Scopes),
        key.Buckets,
        key.RevokedAt is not null ? "revoked" : key.ExpiresAt <= now ? "expired" : "active",
        key.CreatedAt,
        key.ExpiresAt,
        key.RevokedAt,
        key.LastUsedAt,
        key.IsLegacy);
}

public sealed record KeyList(IReadOnlyList<KeyView> Keys);

/// <summary>A key just made. <c>key</c> is shown this once and cannot be had again.</summary>
public sealed record KeyWithSecret(
    string Key,
    Guid Id,
    string Name,
    string Prefix,
    IReadOnlyList<string> Scopes,
    IReadOnlyList<string>? Buckets,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt)
{
    public static KeyWithSecret From(CreatedKey created) => new(
        created.Key,
        created.Info.Id,
        created.Info.Name,
        created.Info.Prefix,
        ScopeNames.Of(created.Info.Scopes),
        created.Info.Buckets,
        created.Info.CreatedAt,
        created.Info.ExpiresAt);
}

public sealed record SetupRequest
{
    [Description("The token of the one-time link."), StringLength(256, MinimumLength = 1)]
    public required string Token { get; init; }

    [Description("The owner's e-mail address."), StringLength(254, MinimumLength = 3)]
    public required string Email { get; init; }

    [Description("At least 10 characters."), StringLength(PortalAccounts.MaxPasswordLength, MinimumLength = PortalAccounts.MinPasswordLength)]
    public required string Password { get; init; }
}

public sealed record SignInRequest
{
    [Description("E-mail address."), StringLength(254, MinimumLength = 3)]
    public required string Email { get; init; }

    [Description("Password."), StringLength(PortalAccounts.MaxPasswordLength, MinimumLength = 1)]
    public required string Password { get; init; }

    [Description("What signs in, in its own words, for the list of sessions."), StringLength(100, MinimumLength = 1)]
    public string? Client { get; init; }
}

public sealed record OidcSignInRequest
{
    [Description("The ID token of the configured issuer, as it gave it to the portal."), StringLength(16_384, MinimumLength = 1)]
    public required string IdToken { get; init; }

    [Description("The nonce the sign-in was begun with."), StringLength(200, MinimumLength = 16)]
    public required string Nonce { get; init; }

    [Description("The token of an invitation's link, to take that one up."), StringLength(256, MinimumLength = 1)]
    public string? InvitationToken { get; init; }

    [Description("What signs in, in its own words, for the list of sessions."), StringLength(100, MinimumLength = 1)]
    public string? Client { get; init; }
}

public sealed record SessionResponse(string SessionToken, DateTimeOffset ExpiresAt, TenantView Tenant, UserView User)
{
    public static SessionResponse From(PortalSession session) => new(
        session.Token, session.ExpiresAt, new TenantView(session.Tenant.Id, session.TenantName), new UserView(session.User.Email, session.User.Role));
}

public sealed record SetupResponse(string SessionToken, DateTimeOffset ExpiresAt, TenantView Tenant, UserView User, KeyWithSecret FirstKey)
{
    public static SetupResponse From(PortalSession session, CreatedKey firstKey)
    {
        var opened = SessionResponse.From(session);
        return new SetupResponse(opened.SessionToken, opened.ExpiresAt, opened.Tenant, opened.User, KeyWithSecret.From(firstKey));
    }
}
