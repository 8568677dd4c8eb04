using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Engram.Engine.Audit;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Npgsql;

namespace Engram.Engine.Accounts;

/// <summary>A person of a tenant.</summary>
/// <param name="UserId">The person.</param>
/// <param name="Email">Their e-mail address.</param>
/// <param name="Role"><c>owner</c>, <c>admin</c> or <c>viewer</c>.</param>
/// <param name="Since">When they became a member.</param>
/// <param name="LastSignInAt">Their last sign-in to any tenant, or null.</param>
public sealed record Member(Guid UserId, string Email, string Role, DateTimeOffset Since, DateTimeOffset? LastSignInAt);

/// <summary>An invitation nobody has taken up yet.</summary>
/// <param name="Id">The invitation.</param>
/// <param name="Email">Whom it is for.</param>
/// <param name="Role">What they will be.</param>
/// <param name="InvitedBy">Who invited.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="ExpiresAt">Until when the link works.</param>
public sealed record Invitation(Guid Id, string Email, string Role, string InvitedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <summary>Why members were left as they are.</summary>
public enum MemberFailure
{
    /// <summary>They were not.</summary>
    None,

    /// <summary>The tenant has no such member or invitation.</summary>
    NotFound,

    /// <summary>Only an owner makes an owner, or changes one.</summary>
    NeedsOwner,

    /// <summary>A tenant keeps one owner at least.</summary>
    LastOwner,

    /// <summary>The address belongs to a member already.</summary>
    AlreadyMember,
}

/// <summary>The people of a tenant. A changed role or a removal ends the person's sessions there: nobody goes on with yesterday's rights.</summary>
public sealed class Members
{
    /// <summary>How long an invitation can be taken up.</summary>
    public static readonly TimeSpan InvitationLifetime = TimeSpan.FromDays(7);

    private const string Owner = "owner";

    private const string SelectMembers = """
        select u.id, u.email, m.role, m.created_at, u.last_sign_in_at
        from engram.memberships m join engram.portal_users u on u.id = m.user_id
        where m.tenant_id = $1 order by m.created_at, u.id
        """;

    private const string SelectOpen = """
        select id, email, role, invited_by, created_at, expires_at from engram.invitations
        where tenant_id = $1 and accepted_at is null and expires_at > $2 order by created_at desc
        """;

    private const string IsMember = """
        select exists (
            select from engram.memberships m join engram.portal_users u on u.id = m.user_id
            where m.tenant_id = $1 and lower(u.email) = lower($2))
        """;

    private const string DeleteOpen = "delete from engram.invitations where tenant_id = $1 and lower(email) = lower($2) and accepted_at is null";

    private const string Insert = """
        insert into engram.invitations (tenant_id, id, email, role, token_hash, invited_by, created_at, expires_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        """;

    private const string Withdraw = "delete from engram.invitations where tenant_id = $1 and id = $2 and accepted_at is null";

    // Two owners who demote each other at the same moment: one after the other, so that one of them remains.
    private const string LockTenant = "select 1 from engram.tenants where id = $1 for update";

    private const string SelectRole = """
        select m.role, u.email, (select count(*) from engram.memberships o where o.tenant_id = $1 and o.role = 'owner')
        from engram.memberships m join engram.portal_users u on u.id = m.user_id where m.tenant_id = $1 and m.user_id = $2
        """;

    private const string SetRole = "update engram.memberships set role = $3 where tenant_id = $1 and user_id = $2";

    private const string Remove = "delete from engram.memberships where tenant_id = $1 and user_id = $2";

    private const string EndSessions = """
        with ended as (
            update engram.api_keys set revoked_at = now() where tenant_id = $1 and user_id = $2 and kind = 'session' and revoked_at is null returning id
        )
        select id, pg_notify($3, id::text) from ended
        """;

    private readonly SystemDb _db;
    private readonly KeyHasher _hasher;
    private readonly KeyCache _cache;
    private readonly TimeProvider _time;

    internal Members(SystemDb db, KeyHasher hasher, KeyCache cache, TimeProvider time) => (_db, _hasher, _cache, _time) = (db, hasher, cache, time);

    /// <summary>Members and open invitations of a tenant.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<(IReadOnlyList<Member> Members, IReadOnlyList<Invitation> Invitations)> ListAsync(Tenant tenant, CancellationToken cancellationToken = default)
    {
        await using var batch = _db.Batch().Add(SelectMembers, Sql.Uuid(tenant.Id)).Add(SelectOpen, Sql.Uuid(tenant.Id), Sql.Time(_time.GetUtcNow()));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        var (members, invitations) = (new List<Member>(), new List<Invitation>());
        while (await reader.ReadAsync(cancellationToken))
        {
            members.Add(new Member(
                reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetFieldValue<DateTimeOffset>(3),
                reader.IsDBNull(4) ? null : reader.GetFieldValue<DateTimeOffset>(4)));
        }

        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            invitations.Add(new Invitation(
                reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetFieldValue<DateTimeOffset>(4), reader.GetFieldValue<DateTimeOffset>(5)));
        }

        return (members, invitations);
    }

    /// <summary>Invites somebody. An earlier invitation of the same address is void from then on.</summary>
    /// <param name="actor">Who invites.</param>
    /// <param name="actorRole">Their role; an API key counts as <c>admin</c>.</param>
    /// <param name="email">Whom.</param>
    /// <param name="role">What they will be.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    /// <returns>The invitation and the token of its link, which is kept nowhere.</returns>
    public async Task<(Invitation? Made, string? Token, MemberFailure Failure)> InviteAsync(
        Actor actor, string actorRole, string email, string role, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        if (role == Owner && actorRole != Owner)
            return (null, null, MemberFailure.NeedsOwner);
        await using (var known = _db.Command(IsMember, Sql.Uuid(actor.Tenant.Id), Sql.Text(email)))
        {
            if (await known.ExecuteScalarAsync(cancellationToken) is true)
                return (null, null, MemberFailure.AlreadyMember);
        }

        var now = _time.GetUtcNow();
        var made = new Invitation(Guid.CreateVersion7(now), email, role, actor.Name, now, now + InvitationLifetime);
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        await using var batch = _db.Batch()
            .Add(DeleteOpen, Sql.Uuid(actor.Tenant.Id), Sql.Text(email))
            .Add(
                Insert, Sql.Uuid(actor.Tenant.Id), Sql.Uuid(made.Id), Sql.Text(email), Sql.Text(role), Sql.Bytes(_hasher.Hash(token)), Sql.Text(actor.Name),
                Sql.Time(made.CreatedAt), Sql.Time(made.ExpiresAt))
            .AddAudit(actor, _time, "member.invite", $"invitation:{made.Id}", after: new JsonObject { ["email"] = email, ["role"] = role });
        await batch.ExecuteAsync(cancellationToken);
        return (made, token, MemberFailure.None);
    }

    /// <summary>Makes an invitation's link void.</summary>
    /// <param name="actor">Who withdraws it.</param>
    /// <param name="id">The invitation.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    /// <returns>False where there is none that is still open.</returns>
    public async Task<bool> WithdrawAsync(Actor actor, Guid id, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await using (var withdraw = _db.Command(Withdraw, Sql.Uuid(actor.Tenant.Id), Sql.Uuid(id)))
        {
            if (await withdraw.ExecuteNonQueryAsync(cancellationToken) == 0)
                return false;
        }

        await using var audit = _db.Batch().AddAudit(actor, _time, "member.withdraw", $"invitation:{id}");
        await audit.ExecuteAsync(cancellationToken);
        return true;
    }

    /// <summary>Gives a member another role, or removes them.</summary>
    /// <param name="actor">Who changes it.</param>
    /// <param name="actorRole">Their role; an API key counts as <c>admin</c>.</param>
    /// <param name="userId">The member.</param>
    /// <param name="role">The new role; null removes them.</param>
    /// <param name="cancellationToken">Cancels before the commit.</param>
    public async Task<MemberFailure> ChangeAsync(Actor actor, string actorRole, Guid userId, string? role, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        var tenant = actor.Tenant.Id;
        await using var connection = await _db.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var only = new NpgsqlCommand(LockTenant, connection) { Parameters = { Sql.Uuid(tenant) } })
            await only.ExecuteNonQueryAsync(cancellationToken);
        string was, email;
        await using (var select = new NpgsqlCommand(SelectRole, connection) { Parameters = { Sql.Uuid(tenant), Sql.Uuid(userId) } })
        {
            await using var reader = await select.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
                return MemberFailure.NotFound;
            (was, email) = (reader.GetString(0), reader.GetString(1));
            if ((was == Owner || role == Owner) && actorRole != Owner)
                return MemberFailure.NeedsOwner;
            if (was == Owner && role != Owner && reader.GetInt64(2) == 1)
                return MemberFailure.LastOwner;
        }

        if (was == role)
            return MemberFailure.None;
        List<Guid> ended;
        await using (var batch = new TenantBatch(new NpgsqlBatch(connection, transaction), tenant: null))
        {
            _ = role is null
                ? batch.Add(Remove, Sql.Uuid(tenant), Sql.Uuid(userId))
                : batch.Add(SetRole, Sql.Uuid(tenant), Sql.Uuid(userId), Sql.Text(role));
            batch.AddAudit(
                actor, _time, role is null ? "member.remove" : "member.role", $"user:{userId}",
                new JsonObject { ["email"] = email, ["role"] = was }, role is null ? null : new JsonObject { ["role"] = role });
            await batch.ExecuteAsync(cancellationToken);
        }

        await using (var end = new NpgsqlCommand(EndSessions, connection) { Parameters = { Sql.Uuid(tenant), Sql.Uuid(userId), Sql.Text(KeyCache.Channel) } })
        {
            ended = [];
            await using var reader = await end.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                ended.Add(reader.GetGuid(0));
        }

        await transaction.CommitAsync(cancellationToken);
        ended.ForEach(_cache.Invalidate);
        return MemberFailure.None;
    }
}
