using Engram.Engine.Database;
using Engram.Engine.Keys;
using Npgsql;

namespace Engram.Engine.Accounts;

/// <summary>
/// The first tenant with its <c>default</c> bucket, its development key and the one-time link of its owner: made once, when the database
/// has no tenant at all.
/// </summary>
/// <param name="hasher">Hashes the key and the link's token: neither is stored.</param>
public sealed class FirstTenant(KeyHasher hasher)
{
    private const string AnyTenant = "select exists (select from engram.tenants where id <> $1)";

    private const string Insert = """
        with tenant as (
            insert into engram.tenants (id, name, plan) values ($1, $2, 'unlimited')
        ), bucket as (
            insert into engram.buckets (tenant_id, id, name, description) values ($1, $3, 'default', 'Where memories go that name no bucket.')
        ), key as (
            insert into engram.api_keys (tenant_id, id, name, prefix, hash, scopes)
            select $1, $4, 'Development key', $5, $6, $7 where $6 is not null
        )
        insert into engram.setup_tokens (tenant_id, token_hash) select $1, $8 where $8 is not null
        """;

    /// <summary>Makes the first tenant if there is none. Safe for several callers at once, as long as they hold the migrator's lock.</summary>
    /// <param name="ownerConnectionString">The owner's connection: the hosts' roles may not do this.</param>
    /// <param name="apiKey">The development key, or null for none.</param>
    /// <param name="setupToken">The token of the portal's one-time link, or null for none.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    /// <returns>True if it was made now.</returns>
    /// <exception cref="InvalidOperationException">The development key is not of a key's form.</exception>
    public async Task<bool> EnsureAsync(
        string ownerConnectionString, string? apiKey, string? setupToken, CancellationToken cancellationToken = default)
    {
        if (apiKey is not null && !ApiKeyFormat.IsWellFormed(apiKey))
            throw new InvalidOperationException($"Engram:Bootstrap:ApiKey is not a well-formed key: {ApiKeyFormat.Prefix} and 49 characters with a checksum.");

        var settings = new NpgsqlConnectionStringBuilder(ownerConnectionString) { Pooling = false };
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var only = new NpgsqlCommand("lock table engram.tenants in share row exclusive mode", connection))
            await only.ExecuteNonQueryAsync(cancellationToken);
        await using (var any = new NpgsqlCommand(AnyTenant, connection) { Parameters = { Sql.Uuid(WarmUpCaller.Tenant.Id) } })
        {
            if (await any.ExecuteScalarAsync(cancellationToken) is true)
                return false;
        }

        await using var insert = new NpgsqlCommand(Insert, connection)
        {
            Parameters =
            {
                Sql.Uuid(Guid.CreateVersion7()),
                Sql.Text("Development"),
                Sql.Uuid(Guid.CreateVersion7()),
                Sql.Uuid(Guid.CreateVersion7()),
                Sql.Text(apiKey is null ? "" : ApiKeyFormat.DisplayPrefix(apiKey)),
                Sql.NullableBytes(apiKey is null ? null : hasher.Hash(apiKey)),
                Sql.Texts(ScopeNames.Of(Scopes.All)),
                Sql.NullableBytes(setupToken is null ? null : hasher.Hash(setupToken)),
            },
        };
        await insert.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}
