namespace Engram.Portal.Client;

/// <summary>People, their sessions and their tenants.</summary>
public sealed partial class EngramApiClient
{
    public Task<SignedIn> AcceptAsync(AcceptInvitation request, CancellationToken cancellationToken) =>
        SendAsync<SignedIn>(HttpMethod.Post, "account/portal/accept", request, cancellationToken);

    public Task<SignedIn> SwitchAsync(SwitchTenant request, CancellationToken cancellationToken) =>
        SendAsync<SignedIn>(HttpMethod.Post, "account/portal/switch", request, cancellationToken);

    public async Task<IReadOnlyList<MyTenant>> MyTenantsAsync(CancellationToken cancellationToken) =>
        (await SendAsync<MyTenants>(HttpMethod.Get, "account/portal/tenants", null, cancellationToken)).Tenants;

    public Task<MemberList> MembersAsync(CancellationToken cancellationToken) =>
        SendAsync<MemberList>(HttpMethod.Get, "account/members", null, cancellationToken);

    public Task<Invited> InviteAsync(Invite invite, CancellationToken cancellationToken) =>
        SendAsync<Invited>(HttpMethod.Post, "account/members/invite", invite, cancellationToken);

    public Task ChangeMemberAsync(string userId, ChangeMember change, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, $"account/members/{Uri.EscapeDataString(userId)}", change, cancellationToken);

    public Task RemoveMemberAsync(string userId, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"account/members/{Uri.EscapeDataString(userId)}", null, cancellationToken);

    public Task WithdrawInvitationAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"account/invitations/{Uri.EscapeDataString(id)}", null, cancellationToken);

    public async Task<IReadOnlyList<Session>> SessionsAsync(CancellationToken cancellationToken) =>
        (await SendAsync<SessionList>(HttpMethod.Get, "account/sessions", null, cancellationToken)).Sessions;

    public Task EndSessionAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"account/sessions/{Uri.EscapeDataString(id)}", null, cancellationToken);
}
