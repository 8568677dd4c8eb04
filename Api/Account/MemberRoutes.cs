using Engram.Api.Auth;
using Engram.Api.Http;
using Engram.Engine.Accounts;
using Engram.Engine.Keys;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engram.Api.Account;

/// <summary>The people of a tenant and their sessions.</summary>
internal static class MemberRoutes
{
    private const string ExampleMembers = """
        {"members":[{"user_id":"019c1234-5678-7abc-8def-0123456789ab","email":"ann@example.org","role":"owner","since":"2026-01-31T09:30:00+00:00","last_sign_in_at":"2026-01-31T09:31:00+00:00"}],"invitations":[]}
        """;

    private const string ExampleInvite = """{"email":"bob@example.org","role":"viewer"}""";

    private const string ExampleInvited = """
        {"id":"019c1234-5678-7abc-8def-0123456789ac","email":"bob@example.org","role":"viewer","expires_at":"2026-02-07T09:30:00+00:00","token":" ... shown once ..."}
        """;

    private const string ExampleSessions = """
        {"sessions":[{"id":"019c1234-5678-7abc-8def-0123456789ad","client":"Firefox on Linux","prefix":"eng_sess_9t6ahd","email":"ann@example.org","role":"owner","created_at":"2026-01-31T09:30:00+00:00","expires_at":"2026-01-31T21:30:00+00:00","current":true}]}
        """;

    public static void MapMembers(this IEndpointRouteBuilder routes)
    {
        var members = routes.MapGroup("/account/members").RequireScope(Scopes.AccountAdmin).WithTags("People");
        members.MapGet("", ListAsync).WithName("list_members").WithExample(response: ExampleMembers).WithSummary("Members, and invitations nobody has taken up yet.");
        members.MapPost("/invite", InviteAsync).WithName("invite_member").WithExample(ExampleInvite, ExampleInvited)
            .WithSummary("Invites somebody by a link that works once, for seven days. It is in this answer and never again.")
            .ProducesProblems(StatusCodes.Status403Forbidden, StatusCodes.Status409Conflict);
        members.MapPatch("/{id}", ChangeAsync).WithName("change_member").WithExample("""{"role":"admin"}""")
            .WithSummary("Gives a member another role. Their sessions end.")
            .ProducesProblems(StatusCodes.Status403Forbidden, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        members.MapDelete("/{id}", RemoveAsync).WithName("remove_member").WithSummary("Removes a member. Their sessions end.")
            .ProducesProblems(StatusCodes.Status403Forbidden, StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        routes.MapDelete("/account/invitations/{id}", WithdrawAsync).RequireScope(Scopes.AccountAdmin).WithTags("People").WithName("withdraw_invitation")
            .WithSummary("Makes an invitation's link void.").ProducesProblems(StatusCodes.Status404NotFound);

        var sessions = routes.MapGroup("/account/sessions").RequireKey().WithTags("People");
        sessions.MapGet("", SessionsAsync).WithName("list_sessions").WithExample(response: ExampleSessions)
            .WithSummary("Open sessions, newest first: everybody's with account:admin, else one's own.");
        sessions.MapDelete("/{id}", EndSessionAsync).WithName("end_session").WithSummary("Ends a session at once.")
            .ProducesProblems(StatusCodes.Status404NotFound);
    }

    private static async Task<Ok<MemberList>> ListAsync(Caller caller, Members members, CancellationToken cancellationToken)
    {
        var (people, invitations) = await members.ListAsync(caller.Tenant, cancellationToken);
        return TypedResults.Ok(new MemberList(people, invitations));
    }

    private static async Task<Results<Created<InvitationWithToken>, Problem>> InviteAsync(
        Caller caller, Body<InviteRequest> body, Members members, CancellationToken cancellationToken)
    {
        var email = body.Value.Email.Trim();
        if (!PortalRoutes.LooksLikeEmail(email))
            return Problems.Invalid("email", "Must be an e-mail address.");
        var (made, token, failure) = await members.InviteAsync(caller.Actor, RoleOf(caller), email, body.Value.Role, cancellationToken);
        return made is null ? From(failure, "") : TypedResults.Created($"/account/invitations/{made.Id}", InvitationWithToken.From(made, token!));
    }

    private static async Task<Results<NoContent, Problem>> ChangeAsync(
        Caller caller, string id, Body<ChangeMemberRequest> body, Members members, CancellationToken cancellationToken) =>
        await ApplyAsync(caller, id, body.Value.Role, members, cancellationToken);

    private static async Task<Results<NoContent, Problem>> RemoveAsync(Caller caller, string id, Members members, CancellationToken cancellationToken) =>
        await ApplyAsync(caller, id, role: null, members, cancellationToken);

    private static async Task<Results<NoContent, Problem>> ApplyAsync(Caller caller, string id, string? role, Members members, CancellationToken cancellationToken)
    {
        if (!Guid.TryParse(id, out var user))
            return Problems.MemberNotFound(id);
        var failure = await members.ChangeAsync(caller.Actor, RoleOf(caller), user, role, cancellationToken);
        return failure == MemberFailure.None ? TypedResults.NoContent() : From(failure, id);
    }

    private static async Task<Results<NoContent, Problem>> WithdrawAsync(Caller caller, string id, Members members, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var invitation) && await members.WithdrawAsync(caller.Actor, invitation, cancellationToken)
            ? TypedResults.NoContent()
            : Problems.MemberNotFound(id);

    private static async Task<Ok<SessionList>> SessionsAsync(Caller caller, PortalSessions sessions, CancellationToken cancellationToken)
    {
        var open = await sessions.ListAsync(caller.Tenant, Own(caller), cancellationToken);
        return TypedResults.Ok(new SessionList([.. open.Select(session => SessionView.From(session, caller.Principal.KeyId))]));
    }

    private static async Task<Results<NoContent, Problem>> EndSessionAsync(Caller caller, string id, PortalSessions sessions, CancellationToken cancellationToken) =>
        Guid.TryParse(id, out var session) && await sessions.RevokeAsync(caller.Actor, Own(caller), session, cancellationToken)
            ? TypedResults.NoContent()
            : Problems.SessionNotFound(id);

    /// <summary>Whose sessions the caller sees: null for everybody's. A key without a person behind it and without the scope sees nobody's.</summary>
    private static Guid? Own(Caller caller) => caller.Principal.Has(Scopes.AccountAdmin) ? null : caller.Principal.User?.Id ?? Guid.Empty;

    private static string RoleOf(Caller caller) => caller.Principal.User?.Role ?? "admin";

    private static Problem From(MemberFailure failure, string id) => failure switch
    {
        MemberFailure.NeedsOwner => Problems.NeedsOwner(),
        MemberFailure.LastOwner => Problems.Conflict("role", "This is the last owner. Make somebody else an owner first."),
        MemberFailure.AlreadyMember => Problems.Conflict("email", "Somebody with this address is a member already."),
        _ => Problems.MemberNotFound(id),
    };
}
