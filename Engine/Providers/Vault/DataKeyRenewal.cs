using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Providers.Vault;

/// <summary>Gives one tenant a fresh data key and seals its provider keys under it, in one transaction.</summary>
internal sealed class DataKeyRenewal(KeyVault vault)
{
    // Waits for whoever is just sealing something under it, and makes whoever comes next wait for this transaction.
    private const string LockNewest = $"""
        select {DataKeys.Columns}, created_at from engram.tenant_data_keys where tenant_id = $1 order by version desc limit 1 for update
        """;

    private const string InsertKey = """
        insert into engram.tenant_data_keys (tenant_id, version, master_version, wrapped_key) values ($1, $2, $3, $4)
        """;

    private const string SelectStale = """
        select c.id, c.provider, c.sealed_key, k.version, k.master_version, k.wrapped_key from engram.provider_connections c
        join engram.tenant_data_keys k on k.tenant_id = c.tenant_id and k.version = c.data_key_version
        where c.tenant_id = $1 and c.data_key_version <> $2
        for update of c
        """;

    private const string Reseal = "update engram.provider_connections set sealed_key = $3, data_key_version = $4 where tenant_id = $1 and id = $2";

    private const string DeleteUnused = """
        delete from engram.tenant_data_keys k where k.tenant_id = $1 and k.version < $2
            and not exists (select 1 from engram.provider_connections c where c.tenant_id = k.tenant_id and c.data_key_version = k.version)
        """;

    /// <exception cref="VaultException">A key of the tenant does not open; nothing was changed.</exception>
    public async Task RenewAsync(NpgsqlConnection connection, Tenant tenant, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var (newest, createdAt) = await LockAsync(connection, tenant, cancellationToken);
        using var key = createdAt >= since ? vault.Unwrap(tenant, newest) : await AddAsync(connection, tenant, newest.Version + 1, cancellationToken);
        foreach (var (id, provider, old, wrapped) in await ReadStaleAsync(connection, tenant, key.Version, cancellationToken))
        {
            using var oldKey = vault.Unwrap(tenant, wrapped);
            var resealed = KeyVault.Seal(key, tenant, id, provider, KeyVault.Open(oldKey, tenant, id, provider, old));
            await ExecuteAsync(connection, Reseal, cancellationToken, Sql.Uuid(tenant.Id), Sql.Uuid(id), Sql.Bytes(resealed), Sql.Int(key.Version));
        }

        await ExecuteAsync(connection, DeleteUnused, cancellationToken, Sql.Uuid(tenant.Id), Sql.Int(key.Version));
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<(WrappedDataKey Key, DateTimeOffset CreatedAt)> LockAsync(
        NpgsqlConnection connection, Tenant tenant, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, LockNewest, Sql.Uuid(tenant.Id));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
            throw new VaultException($"The data key of tenant {tenant.Id} was replaced while this ran; run it again.");
        return (DataKeys.Read(reader, 0), reader.GetFieldValue<DateTimeOffset>(3));
    }

    private async Task<DataKey> AddAsync(NpgsqlConnection connection, Tenant tenant, int version, CancellationToken cancellationToken)
    {
        var wrapped = vault.NewDataKey(tenant, version, out var key);
        await ExecuteAsync(
            connection, InsertKey, cancellationToken, Sql.Uuid(tenant.Id), Sql.Int(version), Sql.Int(wrapped.MasterVersion), Sql.Bytes(wrapped.Wrapped));
        return key;
    }

    private static async Task<List<(Guid Id, string Provider, byte[] Sealed, WrappedDataKey Key)>> ReadStaleAsync(
        NpgsqlConnection connection, Tenant tenant, int version, CancellationToken cancellationToken)
    {
        await using var command = Command(connection, SelectStale, Sql.Uuid(tenant.Id), Sql.Int(version));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var stale = new List<(Guid, string, byte[], WrappedDataKey)>();
        while (await reader.ReadAsync(cancellationToken))
            stale.Add((reader.GetGuid(0), reader.GetString(1), reader.GetFieldValue<byte[]>(2), DataKeys.Read(reader, 3)));
        return stale;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = Command(connection, sql, parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters)
    {
        var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        return command;
    }
}
