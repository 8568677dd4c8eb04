namespace Engram.Portal.Client;

public sealed record MemberList(IReadOnlyList<Member> Members, IReadOnlyList<Invitation> Invitations);

public sealed record Member(string UserId, string Email, string Role, DateTimeOffset Since, DateTimeOffset? LastSignInAt);

public sealed record Invitation(string Id, string Email, string Role, string InvitedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

public sealed record Invite(string Email, string Role);

/// <param name="Token">Part of the link; in this answer only.</param>
public sealed record Invited(string Id, string Email, string Role, DateTimeOffset ExpiresAt, string Token);

public sealed record ChangeMember(string Role);

public sealed record AcceptInvitation(string Token, string Password, string? Client);

public sealed record SwitchTenant(string TenantId);

public sealed record SessionList(IReadOnlyList<Session> Sessions);

public sealed record Session(
    string Id, string Client, string Prefix, string Email, string Role, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset ExpiresAt, bool Current);

public sealed record MyTenants(IReadOnlyList<MyTenant> Tenants);

public sealed record MyTenant(string Id, string Name, string Role);
