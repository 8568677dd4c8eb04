using System.Security.Cryptography;
using Engram.Engine.Database;
using Engram.Engine.Keys;
using Npgsql;

namespace Engram.Engine.Accounts;

/// <summary>Why somebody whose address is verified was not signed in.</summary>
public enum VerifiedFailure
{
    /// <summary>They were.</summary>
    None,

    /// <summary>No member has the address, and nobody has invited it.</summary>
    NotInvited,

    /// <summary>The invitation's link is wrong, too old, used, or of another address.</summary>
    TokenInvalid,
}

/// <summary>Signs in people whose e-mail address an identity provider vouches for: members, and who was invited. Nobody joins without an invitation.</summary>
public sealed class VerifiedSignIn
{
    private const string SelectInvitation = """
        select i.tenant_id, i.id, i.email, i.role, t.name, u.id
        from engram.invitations i join engram.tenants t on t.id = i.tenant_id
        left join engram.portal_users u on lower(u.email) = lower(i.email)
        where lower(i.email) = lower($1) and i.accepted_at is null and i.expires_at > $2 and ($3::bytea is null or i.token_hash = $3)
        order by i.created_at desc limit 1
        """;

    private const string TakeInvitation = "update engram.invitations set accepted_at = now() where tenant_id = $1 and id = $2 and accepted_at is null returning id";

    private readonly SystemDb _db;
    private readonly PortalAccounts _accounts;
    private readonly Passwords _passwords;
    private readonly KeyHasher _hasher;
    private readonly TimeProvider _time;

    internal VerifiedSignIn(SystemDb db, PortalAccounts accounts, Passwords passwords, KeyHasher hasher, TimeProvider time) =>
        (_db, _accounts, _passwords, _hasher, _time) = (db, accounts, passwords, hasher, time);

    /// <summary>Opens a session.</summary>
    /// <param name="email">The address, verified by the identity provider.</param>
    /// <param name="invitationToken">Out of an invitation's link, or null: then a member signs in, and else the newest invitation of the address is taken up.</param>
    /// <param name="client">What signs in, or null.</param>
    /// <param name="cancellationToken">Cancels before the session is there.</param>
    public async Task<(PortalSession? Session, VerifiedFailure Failure)> SignInAsync(
        string email, string? invitationToken, string? client, CancellationToken cancellationToken = default)
    {
        if (invitationToken is null && await _accounts.SignInVerifiedAsync(email, client, cancellationToken) is { } member)
            return (member, VerifiedFailure.None);
        if (invitationToken is { Length: 0 or > KeyHasher.MaxLength })
            return (null, VerifiedFailure.TokenInvalid);
        var session = await AcceptAsync(email, invitationToken is null ? null : _hasher.Hash(invitationToken), client, cancellationToken);
        return session is not null ? (session, VerifiedFailure.None) : (null, invitationToken is null ? VerifiedFailure.NotInvited : VerifiedFailure.TokenInvalid);
    }

    private async Task<PortalSession?> AcceptAsync(string email, byte[]? tokenHash, string? client, CancellationToken cancellationToken)
    {
        Guid tenant, invitation;
        Guid? known;
        string address, role, tenantName;
        await using (var find = _db.Command(SelectInvitation, Sql.Text(email), Sql.Time(_time.GetUtcNow()), Sql.NullableBytes(tokenHash)))
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
                return null;
            (tenant, invitation, address, role, tenantName) = (reader.GetGuid(0), reader.GetGuid(1), reader.GetString(2), reader.GetString(3), reader.GetString(4));
            known = reader.IsDBNull(5) ? null : reader.GetGuid(5);
        }

        // A password nobody knows: who signs in by the provider has none, and no hash of an empty one may stand there.
        var newHash = known is null ? await _passwords.HashAsync(Convert.ToHexString(RandomNumberGenerator.GetBytes(32)), cancellationToken) : null;
        var user = new PortalUser(known ?? Guid.CreateVersion7(_time.GetUtcNow()), address, role);
        await using var connection = await _db.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var take = new NpgsqlCommand(TakeInvitation, connection) { Parameters = { Sql.Uuid(tenant), Sql.Uuid(invitation) } })
        {
            if (await take.ExecuteScalarAsync(cancellationToken) is null)
                return null;
        }

        var session = await _accounts.JoinAsync(new NpgsqlBatch(connection, transaction), new Tenant(tenant), tenantName, user, newHash, client, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return session;
    }
}
