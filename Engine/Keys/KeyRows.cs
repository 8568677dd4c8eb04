using System.Collections.Frozen;
using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Keys;

/// <summary>A row of <c>api_keys</c> with what it refers to.</summary>
internal sealed record KeyRow(Principal Principal, DateTimeOffset? ExpiresAt, KeyFailure State, byte[]? Hash);

/// <summary>Looks keys up, across tenants: this is how the tenant becomes known.</summary>
internal sealed class KeyRows(SystemDb db, TimeProvider time)
{
    // A session whose person is no longer a member of the tenant has no role left: it is refused like a revoked one.
    private const string Columns = """
        select k.tenant_id, t.name, k.id, k.name, k.prefix, k.scopes, k.buckets, k.expires_at, k.revoked_at, k.user_id, u.email, m.role, k.hash, t.plan
        from engram.api_keys k
        join engram.tenants t on t.id = k.tenant_id
        left join engram.portal_users u on u.id = k.user_id
        left join engram.memberships m on m.tenant_id = k.tenant_id and m.user_id = k.user_id

        """;

    private const string ByHash = Columns + "where k.hash = $1";

    private const string HasLegacy = "select exists (select from engram.api_keys where bcrypt_hash is not null and prefix = any($1))";

    // bcrypt is slow on purpose, so only the few rows that share the stored prefix are tried. $2b$ and $2y$ are the same function as $2a$
    // for every key that can occur, and $2a$ is the name pgcrypto knows. "materialized" keeps the planner from hashing other rows first.
    private const string ByBcrypt = """
        with candidates as materialized (
            select tenant_id, id, '$2a$' || substr(bcrypt_hash, 5) as bcrypt
            from engram.api_keys
            where bcrypt_hash is not null and prefix = any($1) and bcrypt_hash ~ '^[$]2[aby][$]'
            order by created_at
            limit 8
        ), matched as materialized (
            select tenant_id, id from candidates where bcrypt = public.crypt($2, bcrypt) limit 1
        )

        """ + Columns + "join matched on matched.tenant_id = k.tenant_id and matched.id = k.id";

    // The first of several concurrent uses upgrades; the others find bcrypt_hash gone and change nothing.
    private const string Upgrade = """
        update engram.api_keys set hash = $3, bcrypt_hash = null
        where tenant_id = $1 and id = $2 and bcrypt_hash is not null
        """;

    /// <summary>Shortest stored prefix of a legacy key that is looked at: shorter ones would be shared by too many keys.</summary>
    private const int MinLegacyPrefix = 12;
    private const int MaxLegacyPrefix = 24;

    /// <summary>The row of this HMAC; if there is none, whether a legacy row may hold the key. One round trip.</summary>
    public async ValueTask<(KeyRow? Row, bool MayBeLegacy)> FindAsync(string key, KeyDigest digest, CancellationToken cancellationToken)
    {
        // In this order: each statement sees what was committed before it, and a key that another process upgrades meanwhile must be in one of the two.
        await using var batch = db.Batch().Add(HasLegacy, Sql.Texts(LegacyPrefixes(key))).Add(ByHash, Sql.Bytes(digest.ToArray()));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var mayBeLegacy = reader.GetBoolean(0);
        await reader.NextResultAsync(cancellationToken);
        var row = await reader.ReadAsync(cancellationToken) ? Read(reader) : null;

        // The index found the row already. This compares what the server returned, so that the decision does not rest on it alone.
        return row?.Hash is { Length: KeyDigest.Size } hash && KeyDigest.From(hash).Equals(digest) ? (row, false) : (null, mayBeLegacy);
    }

    /// <summary>The legacy row whose bcrypt hash fits the key. Costs the database tens of milliseconds a candidate.</summary>
    public async ValueTask<KeyRow?> FindLegacyAsync(string key, CancellationToken cancellationToken)
    {
        await using var command = db.Command(ByBcrypt, Sql.Texts(LegacyPrefixes(key)), Sql.Text(key));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader) : null;
    }

    public async ValueTask<bool> UpgradeAsync(Principal principal, KeyDigest digest, CancellationToken cancellationToken)
    {
        await using var command = db.Command(
            Upgrade, Sql.Uuid(principal.Tenant.Id), Sql.Uuid(principal.KeyId), Sql.Bytes(digest.ToArray()));
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    private static string[] LegacyPrefixes(string key)
    {
        var longest = Math.Min(key.Length, MaxLegacyPrefix);
        var prefixes = new string[longest - MinLegacyPrefix + 1];
        for (var i = 0; i < prefixes.Length; i++)
            prefixes[i] = key[..(MinLegacyPrefix + i)];
        return prefixes;
    }

    private KeyRow Read(NpgsqlDataReader reader)
    {
        var user = reader.IsDBNull(9) || reader.IsDBNull(11)
            ? null
            : new PortalUser(reader.GetGuid(9), reader.GetString(10), reader.GetString(11));
        var expiresAt = reader.IsDBNull(7) ? (DateTimeOffset?)null : reader.GetFieldValue<DateTimeOffset>(7);
        var isLeftOver = !reader.IsDBNull(9) && user is null;
        var failure = !reader.IsDBNull(8) || isLeftOver ? KeyFailure.Revoked
            : expiresAt <= time.GetUtcNow() ? KeyFailure.Expired
            : KeyFailure.None;
        var principal = new Principal(
            new Tenant(reader.GetGuid(0)),
            reader.GetString(1),
            reader.GetGuid(2),
            reader.GetString(3),
            reader.GetString(4),
            // A session that was opened while its person's role was being changed has the scopes of the old one written down.
            ScopeNames.Known(reader.GetFieldValue<string[]>(5)) & (user?.Scopes ?? Scopes.All),
            reader.IsDBNull(6) ? null : reader.GetFieldValue<string[]>(6).ToFrozenSet(StringComparer.Ordinal),
            user)
        { Plan = reader.GetString(13) };
        return new KeyRow(principal, expiresAt, failure, reader.IsDBNull(12) ? null : reader.GetFieldValue<byte[]>(12));
    }
}
