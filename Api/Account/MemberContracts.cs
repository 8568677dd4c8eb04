using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Engram.Engine.Accounts;

namespace Engram.Api.Account;

public sealed record InviteRequest
{
    [Description("Whom."), StringLength(254, MinimumLength = 3)]
    public required string Email { get; init; }

    [Description("owner, admin or viewer."), AllowedValues("owner", "admin", "viewer")]
    public required string Role { get; init; }
}

public sealed record ChangeMemberRequest
{
    [Description("owner, admin or viewer."), AllowedValues("owner", "admin", "viewer")]
    public required string Role { get; init; }
}

public sealed record AcceptInvitationRequest
{
    [Description("The token of the invitation's link."), StringLength(256, MinimumLength = 1)]
    public required string Token { get; init; }

    [Description("Of a new person at least 10 characters; of one who has an account, its password."), StringLength(PortalAccounts.MaxPasswordLength, MinimumLength = PortalAccounts.MinPasswordLength)]
    public required string Password { get; init; }

    [Description("What signs in, in its own words, for the list of sessions."), StringLength(100, MinimumLength = 1)]
    public string? Client { get; init; }
}

public sealed record SwitchTenantRequest
{
    [Description("One of GET /account/portal/tenants.")]
    public required string TenantId { get; init; }
}

/// <summary>Members and invitations nobody has taken up yet.</summary>
public sealed record MemberList(IReadOnlyList<Member> Members, IReadOnlyList<Invitation> Invitations);

/// <summary>An invitation just made. <c>token</c> is shown this once: the portal's link is <c>/join?token=...</c>.</summary>
public sealed record InvitationWithToken(Guid Id, string Email, string Role, DateTimeOffset ExpiresAt, string Token)
{
    public static InvitationWithToken From(Invitation made, string token) => new(made.Id, made.Email, made.Role, made.ExpiresAt, token);
}

/// <summary>An open session; <c>current</c> is the one of this request.</summary>
public sealed record SessionView(
    Guid Id, string Client, string Prefix, string Email, string Role, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset ExpiresAt, bool Current)
{
    public static SessionView From(OpenSession session, Guid current) => new(
        session.Id, session.Client, session.Prefix, session.Email, session.Role, session.CreatedAt, session.LastUsedAt, session.ExpiresAt, session.Id == current);
}

public sealed record SessionList(IReadOnlyList<SessionView> Sessions);

/// <summary>The tenants of the person behind the session.</summary>
public sealed record MyTenants(IReadOnlyList<TenantMembership> Tenants);
