using Engram.Engine.Audit;
using Engram.Engine.Database;
using Engram.Engine.Keys;

namespace Engram.Engine.Accounts;

/// <summary>A session that is open.</summary>
/// <param name="Id">The session.</param>
/// <param name="Client">What signed in, in its own words.</param>
/// <param name="Prefix">The part of its token that may be shown.</param>
/// <param name="Email">Whose it is.</param>
/// <param name="Role">What they may.</param>
/// <param name="CreatedAt">When they signed in.</param>
/// <param name="LastUsedAt">When it was last used, to the minute or so; null for never.</param>
/// <param name="ExpiresAt">When it ends by itself.</param>
public sealed record OpenSession(
    Guid Id, string Client, string Prefix, string Email, string Role, DateTimeOffset CreatedAt, DateTimeOffset? LastUsedAt, DateTimeOffset ExpiresAt);

/// <summary>Lists and ends sessions of a tenant's people.</summary>
public sealed class PortalSessions
{
    private const string Select = """
        select k.id, k.name, k.prefix, u.email, k.role, k.created_at, k.last_used_at, k.expires_at
        from engram.api_keys k join engram.portal_users u on u.id = k.user_id
        where k.tenant_id = $1 and k.kind = 'session' and k.revoked_at is null and k.expires_at > $2 and ($3::uuid is null or k.user_id = $3)
        order by k.created_at desc, k.id limit 500
        """;

    private const string BelongsTo = "select exists (select from engram.api_keys where tenant_id = $1 and id = $2 and kind = 'session' and ($3::uuid is null or user_id = $3))";

    private readonly SystemDb _db;
    private readonly ApiKeys _keys;
    private readonly TimeProvider _time;

    internal PortalSessions(SystemDb db, ApiKeys keys, TimeProvider time) => (_db, _keys, _time) = (db, keys, time);

    /// <summary>Open sessions, newest first; at most 500.</summary>
    /// <param name="tenant">Of which tenant.</param>
    /// <param name="user">Of this person only, or null for everybody's.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    public async Task<IReadOnlyList<OpenSession>> ListAsync(Tenant tenant, Guid? user, CancellationToken cancellationToken = default)
    {
        await using var command = _db.Command(Select, Sql.Uuid(tenant.Id), Sql.Time(_time.GetUtcNow()), Sql.Uuid(user));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var sessions = new List<OpenSession>();
        while (await reader.ReadAsync(cancellationToken))
        {
            sessions.Add(new OpenSession(
                reader.GetGuid(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetFieldValue<DateTimeOffset>(5),
                reader.IsDBNull(6) ? null : reader.GetFieldValue<DateTimeOffset>(6), reader.GetFieldValue<DateTimeOffset>(7)));
        }

        return sessions;
    }

    /// <summary>Ends a session at once.</summary>
    /// <param name="actor">Who ends it.</param>
    /// <param name="user">Only if it is this person's, or null for anybody's.</param>
    /// <param name="session">The session.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    /// <returns>False where there is none that may be ended.</returns>
    public async Task<bool> RevokeAsync(Actor actor, Guid? user, Guid session, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(actor);
        await using (var belongs = _db.Command(BelongsTo, Sql.Uuid(actor.Tenant.Id), Sql.Uuid(session), Sql.Uuid(user)))
        {
            if (await belongs.ExecuteScalarAsync(cancellationToken) is not true)
                return false;
        }

        return await _keys.RevokeAsync(actor.Tenant, session, "session", actor, cancellationToken);
    }
}
