using Engram.Engine.Database;
using Engram.Engine.Keys;
using Npgsql;

namespace Engram.Engine.Accounts;

/// <summary>A session of the portal, just opened.</summary>
/// <param name="Token">The bearer token: shown once, kept by the portal.</param>
/// <param name="ExpiresAt">When it stops working.</param>
/// <param name="Tenant">Whose rows it sees.</param>
/// <param name="TenantName">The tenant's display name.</param>
/// <param name="User">Who signed in.</param>
public sealed record PortalSession(string Token, DateTimeOffset ExpiresAt, Tenant Tenant, string TenantName, PortalUser User);

/// <summary>Why an account could not be set up.</summary>
public enum SetupFailure
{
    /// <summary>It could.</summary>
    None,

    /// <summary>The link was never given out, is used already, or is too old.</summary>
    TokenInvalid,

    /// <summary>Somebody has this e-mail address already.</summary>
    EmailTaken,
}

/// <summary>Why an invitation could not be taken up.</summary>
public enum AcceptFailure
{
    /// <summary>It could.</summary>
    None,

    /// <summary>The link was never given out, was used or withdrawn, or is too old.</summary>
    TokenInvalid,

    /// <summary>The address has an account, and this is not its password.</summary>
    PasswordWrong,
}

/// <summary>A tenant somebody belongs to.</summary>
/// <param name="Id">The tenant.</param>
/// <param name="Name">Its display name.</param>
/// <param name="Role">What they are there.</param>
public sealed record TenantMembership(Guid Id, string Name, string Role);

/// <summary>
/// The portal's people: the first one by a one-time link, then by e-mail and password. A session is a row of <c>api_keys</c> of kind
/// <c>session</c>, so that the hosts know one way to authenticate.
/// </summary>
public sealed class PortalAccounts
{
    /// <summary>How long a session lasts.</summary>
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(12);

    /// <summary>How long the one-time link may be used.</summary>
    public static readonly TimeSpan SetupLifetime = TimeSpan.FromDays(7);

    /// <summary>Shortest password, in characters.</summary>
    public const int MinPasswordLength = 10;

    /// <summary>Longest password, in characters: hashing an endless one would cost the server, not the caller.</summary>
    public const int MaxPasswordLength = 256;

    private const string Consume = """
        update engram.setup_tokens set consumed_at = now()
        where token_hash = $1 and consumed_at is null and created_at > $2
        returning tenant_id
        """;

    private const string InsertOwner = """
        with person as (
            insert into engram.portal_users (id, email, password_hash, last_sign_in_at) values ($2, $3, $4, now()) returning id
        )
        insert into engram.memberships (tenant_id, user_id, role) select $1, id, 'owner' from person
        returning (select name from engram.tenants where id = $1)
        """;

    private const string InsertSession = """
        insert into engram.api_keys (tenant_id, id, kind, name, prefix, hash, scopes, user_id, role, expires_at)
        values ($1, $2, 'session', $9, $3, $4, $5, $6, $7, $8)
        """;

    private const string SelectPerson = """
        select u.id, u.email, u.password_hash, m.tenant_id, t.name, m.role
        from engram.portal_users u
        join engram.memberships m on m.user_id = u.id
        join engram.tenants t on t.id = m.tenant_id
        where lower(u.email) = lower($1)
        order by m.created_at, m.tenant_id
        limit 1
        """;

    private const string SelectMembership = """
        select t.name, m.role from engram.memberships m join engram.tenants t on t.id = m.tenant_id where m.user_id = $1 and m.tenant_id = $2
        """;

    private const string SelectTenants = """
        select t.id, t.name, m.role from engram.memberships m join engram.tenants t on t.id = m.tenant_id
        where m.user_id = $1 order by lower(t.name), t.id limit 500
        """;

    private const string SelectInvitation = """
        select i.tenant_id, i.email, i.role, t.name, u.id, u.password_hash
        from engram.invitations i join engram.tenants t on t.id = i.tenant_id
        left join engram.portal_users u on lower(u.email) = lower(i.email)
        where i.token_hash = $1 and i.accepted_at is null and i.expires_at > $2
        """;

    private const string TakeInvitation = "update engram.invitations set accepted_at = now() where token_hash = $1 and accepted_at is null returning id";

    private const string InsertMember = """
        with person as (
            insert into engram.portal_users (id, email, password_hash, last_sign_in_at) select $2, $3, $4, now() where $4 is not null
        )
        insert into engram.memberships (tenant_id, user_id, role) values ($1, $2, $5) on conflict (tenant_id, user_id) do nothing
        """;

    private const string NoteSignIn = "update engram.portal_users set last_sign_in_at = now(), password_hash = coalesce($2, password_hash) where id = $1";

    private const string DeleteOverSessions = """
        delete from engram.api_keys where tenant_id = $1 and user_id = $2 and kind = 'session' and (expires_at < now() or revoked_at is not null)
        """;

    private readonly SystemDb _db;
    private readonly ApiKeys _keys;
    private readonly KeyHasher _hasher;
    private readonly Passwords _passwords;
    private readonly TimeProvider _time;

    internal PortalAccounts(SystemDb db, ApiKeys keys, KeyHasher hasher, Passwords passwords, TimeProvider time) =>
        (_db, _keys, _hasher, _passwords, _time) = (db, keys, hasher, passwords, time);

    /// <summary>Uses up the one-time link: makes the tenant's owner, signs in, and makes a first API key with every scope.</summary>
    /// <param name="setupToken">The token out of the link.</param>
    /// <param name="email">A valid e-mail address.</param>
    /// <param name="password">Between <see cref="MinPasswordLength"/> and <see cref="MaxPasswordLength"/> characters.</param>
    /// <param name="cancellationToken">Cancels before the commit; then the link can still be used.</param>
    public async Task<(PortalSession? Session, CreatedKey? FirstKey, SetupFailure Failure)> SetUpAsync(
        string setupToken, string email, string password, CancellationToken cancellationToken = default)
    {
        // Hashing takes tens of milliseconds: before the transaction, which holds the token's row.
        var passwordHash = await _passwords.HashAsync(password, cancellationToken);
        var userId = Guid.CreateVersion7(_time.GetUtcNow());
        await using var connection = await _db.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await ConsumeAsync(connection, setupToken, cancellationToken) is not { } tenant)
            return (null, null, SetupFailure.TokenInvalid);

        PortalSession session;
        try
        {
            await using var insert = new NpgsqlCommand(InsertOwner, connection)
            {
                Parameters = { Sql.Uuid(tenant.Id), Sql.Uuid(userId), Sql.Text(email), Sql.Text(passwordHash) },
            };
            var tenantName = (string)(await insert.ExecuteScalarAsync(cancellationToken))!;
            session = NewSession(tenant, tenantName, new PortalUser(userId, email, "owner"));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            return (null, null, SetupFailure.EmailTaken);
        }

        await using (var insert = new NpgsqlCommand(InsertSession, connection))
        {
            insert.Parameters.AddRange(SessionParameters(session, client: null));
            await insert.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);

        // After the commit: should the process die here, the owner can sign in and make a key.
        var firstKey = await _keys.CreateAsync(tenant, new NewKey("First key", Scopes.All), cancellationToken);
        return (session, firstKey, SetupFailure.None);
    }

    /// <summary>Opens a session. An unknown address and a wrong password are the same null, after the same time.</summary>
    /// <param name="email">As it was typed.</param>
    /// <param name="password">As it was typed.</param>
    /// <param name="client">What signs in, for the list of sessions; null where it does not say.</param>
    /// <param name="cancellationToken">Cancels before the session is there.</param>
    public async Task<PortalSession?> SignInAsync(string email, string password, string? client = null, CancellationToken cancellationToken = default)
    {
        var person = await FindAsync(email, cancellationToken);
        var check = await _passwords.VerifyAsync(person?.PasswordHash, password, cancellationToken);
        if (person is null || !check.IsRight)
            return null;

        return await OpenAsync(person, check.NewHash, client, cancellationToken);
    }

    /// <summary>Opens a session for a member whose address somebody else has proved; null where no member has it.</summary>
    internal async Task<PortalSession?> SignInVerifiedAsync(string email, string? client, CancellationToken cancellationToken) =>
        await FindAsync(email, cancellationToken) is { } person ? await OpenAsync(person, null, client, cancellationToken) : null;

    /// <summary>The tenants of a person, by name.</summary>
    /// <param name="user">Who.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<TenantMembership>> TenantsOfAsync(PortalUser user, CancellationToken cancellationToken = default)
    {
        await using var command = _db.Command(SelectTenants, Sql.Uuid(user.Id));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tenants = new List<TenantMembership>();
        while (await reader.ReadAsync(cancellationToken))
            tenants.Add(new TenantMembership(reader.GetGuid(0), reader.GetString(1), reader.GetString(2)));
        return tenants;
    }

    /// <summary>Opens a session of the same person in another tenant, and ends the one it is asked with.</summary>
    /// <param name="session">The session now.</param>
    /// <param name="tenant">The tenant to go to.</param>
    /// <param name="cancellationToken">Cancels before the new session is there.</param>
    /// <returns>Null where the person is no member of it, which is the same as no such tenant.</returns>
    public async Task<PortalSession?> SwitchAsync(Principal session, Guid tenant, CancellationToken cancellationToken = default)
    {
        if (session.User is not { } user)
            return null;
        PortalSession opened;
        await using (var find = _db.Command(SelectMembership, Sql.Uuid(user.Id), Sql.Uuid(tenant)))
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
                return null;
            opened = NewSession(new Tenant(tenant), reader.GetString(0), user with { Role = reader.GetString(1) });
        }

        await using (var batch = _db.Batch().Add(InsertSession, SessionParameters(opened, session.KeyName)))
            await batch.ExecuteAsync(cancellationToken);
        await SignOutAsync(session, cancellationToken);
        return opened;
    }

    /// <summary>Takes up an invitation: a new person chooses a password, one who has an account proves it with theirs; then they are signed in.</summary>
    /// <param name="token">The token out of the link.</param>
    /// <param name="password">Between <see cref="MinPasswordLength"/> and <see cref="MaxPasswordLength"/> characters.</param>
    /// <param name="client">What signs in, or null.</param>
    /// <param name="cancellationToken">Cancels before the commit; then the link can still be used.</param>
    public async Task<(PortalSession? Session, AcceptFailure Failure)> AcceptAsync(
        string token, string password, string? client = null, CancellationToken cancellationToken = default)
    {
        if (token.Length is 0 or > KeyHasher.MaxLength)
            return (null, AcceptFailure.TokenInvalid);
        var hash = _hasher.Hash(token);
        Invited invited;
        await using (var find = _db.Command(SelectInvitation, Sql.Bytes(hash), Sql.Time(_time.GetUtcNow())))
        await using (var reader = await find.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
                return (null, AcceptFailure.TokenInvalid);
            invited = new Invited(
                new Tenant(reader.GetGuid(0)), reader.GetString(1), reader.GetString(2), reader.GetString(3),
                reader.IsDBNull(4) ? null : reader.GetGuid(4), reader.IsDBNull(5) ? null : reader.GetString(5));
        }

        string? newHash = null;
        if (invited.PasswordHash is null)
            newHash = await _passwords.HashAsync(password, cancellationToken);
        else if (!(await _passwords.VerifyAsync(invited.PasswordHash, password, cancellationToken)).IsRight)
            return (null, AcceptFailure.PasswordWrong);

        var userId = invited.UserId ?? Guid.CreateVersion7(_time.GetUtcNow());
        await using var connection = await _db.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var take = new NpgsqlCommand(TakeInvitation, connection) { Parameters = { Sql.Bytes(hash) } })
        {
            if (await take.ExecuteScalarAsync(cancellationToken) is null)
                return (null, AcceptFailure.TokenInvalid);
        }

        var session = await JoinAsync(
            new NpgsqlBatch(connection, transaction), invited.Tenant, invited.TenantName, new PortalUser(userId, invited.Email, invited.Role), newHash, client, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return (session, AcceptFailure.None);
    }

    /// <summary>Makes somebody a member, and the person too where there is a password's hash, and opens their session; in the batch's transaction.</summary>
    internal async Task<PortalSession> JoinAsync(
        NpgsqlBatch transaction, Tenant tenant, string tenantName, PortalUser user, string? newHash, string? client, CancellationToken cancellationToken)
    {
        var session = NewSession(tenant, tenantName, user);
        await using var batch = new TenantBatch(transaction, tenant: null)
            .Add(InsertMember, Sql.Uuid(tenant.Id), Sql.Uuid(user.Id), Sql.Text(user.Email), Sql.NullableText(newHash), Sql.Text(user.Role))
            .Add(InsertSession, SessionParameters(session, client));
        await batch.ExecuteAsync(cancellationToken);
        return session;
    }

    /// <summary>Ends a session. Its token is refused from now on.</summary>
    public Task<bool> SignOutAsync(Principal session, CancellationToken cancellationToken = default) =>
        _keys.RevokeAsync(session.Tenant, session.KeyId, "session", actor: null, cancellationToken);

    private async Task<Tenant?> ConsumeAsync(NpgsqlConnection connection, string setupToken, CancellationToken cancellationToken)
    {
        if (setupToken.Length is 0 or > KeyHasher.MaxLength)
            return null;
        await using var consume = new NpgsqlCommand(Consume, connection)
        {
            Parameters = { Sql.Bytes(_hasher.Hash(setupToken)), Sql.Time(_time.GetUtcNow() - SetupLifetime) },
        };
        return await consume.ExecuteScalarAsync(cancellationToken) is Guid id ? new Tenant(id) : null;
    }

    private async Task<Person?> FindAsync(string email, CancellationToken cancellationToken)
    {
        await using var command = _db.Command(SelectPerson, Sql.Text(email));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? new Person(
                new PortalUser(reader.GetGuid(0), reader.GetString(1), reader.GetString(5)),
                reader.GetString(2),
                new Tenant(reader.GetGuid(3)),
                reader.GetString(4))
            : null;
    }

    private async Task<PortalSession> OpenAsync(Person person, string? newHash, string? client, CancellationToken cancellationToken)
    {
        var session = NewSession(person.Tenant, person.TenantName, person.User);
        await using var batch = _db.Batch()
            .Add(DeleteOverSessions, Sql.Uuid(person.Tenant.Id), Sql.Uuid(person.User.Id))
            .Add(NoteSignIn, Sql.Uuid(person.User.Id), Sql.NullableText(newHash))
            .Add(InsertSession, SessionParameters(session, client));
        await batch.ExecuteAsync(cancellationToken);
        return session;
    }

    private PortalSession NewSession(Tenant tenant, string tenantName, PortalUser user) =>
        new(ApiKeyFormat.GenerateSession(), _time.GetUtcNow() + SessionLifetime, tenant, tenantName, user);

    private NpgsqlParameter[] SessionParameters(PortalSession session, string? client) =>
    [
        Sql.Uuid(session.Tenant.Id),
        Sql.Uuid(Guid.CreateVersion7(_time.GetUtcNow())),
        Sql.Text(ApiKeyFormat.DisplayPrefix(session.Token)),
        Sql.Bytes(_hasher.Hash(session.Token)),
        Sql.Texts(ScopeNames.Of(session.User.Scopes)),
        Sql.Uuid(session.User.Id),
        Sql.Text(session.User.Role),
        Sql.Time(session.ExpiresAt),
        Sql.Text(client ?? "Portal session"),
    ];

    private sealed record Invited(Tenant Tenant, string Email, string Role, string TenantName, Guid? UserId, string? PasswordHash);

    private sealed record Person(PortalUser User, string PasswordHash, Tenant Tenant, string TenantName);
}
