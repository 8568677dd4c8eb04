using Engram.Engine.Database;

namespace Engram.Engine.Providers.Vault;

/// <summary>The tenants' data keys, for sealing something new.</summary>
internal sealed class DataKeys(KeyVault vault)
{
    public const string Columns = "version, master_version, wrapped_key";

    // Locked against deletion until the transaction ends: a rotation that is at it waits for what is sealed here, and takes it along.
    private const string SelectNewest = $"""
        select {Columns} from tenant_data_keys where tenant_id = $1 order by version desc limit 1 for key share
        """;

    private const string Insert = """
        insert into tenant_data_keys (tenant_id, version, master_version, wrapped_key) values ($1, $2, $3, $4) on conflict do nothing
        """;

    private const int Attempts = 4;

    /// <summary>The tenant's newest data key, or its first one, made now.</summary>
    /// <exception cref="VaultException">It does not open.</exception>
    public async Task<DataKey> ForSealingAsync(TenantTransaction transaction, Tenant tenant, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            if (await NewestAsync(transaction, tenant, cancellationToken) is { } wrapped)
                return vault.Unwrap(tenant, wrapped);

            // Nothing: there is none yet, or the one that was seen has just been replaced. The second look tells.
            if (attempt > 0 && await MakeFirstAsync(transaction, tenant, cancellationToken) is { } made)
                return made;
        }

        throw new VaultException($"Tenant {tenant.Id} has no data key, and none could be made.");
    }

    public static WrappedDataKey Read(Npgsql.NpgsqlDataReader reader, int column) =>
        new(reader.GetInt32(column), reader.GetInt32(column + 1), reader.GetFieldValue<byte[]>(column + 2));

    private static async Task<WrappedDataKey?> NewestAsync(TenantTransaction transaction, Tenant tenant, CancellationToken cancellationToken)
    {
        await using var batch = transaction.Batch().Add(SelectNewest, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? Read(reader, 0) : null;
    }

    private async Task<DataKey?> MakeFirstAsync(TenantTransaction transaction, Tenant tenant, CancellationToken cancellationToken)
    {
        var wrapped = vault.NewDataKey(tenant, version: 1, out var key);
        await using var batch = transaction.Batch().Add(
            Insert, Sql.Uuid(tenant.Id), Sql.Int(wrapped.Version), Sql.Int(wrapped.MasterVersion), Sql.Bytes(wrapped.Wrapped));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        if (reader.RecordsAffected == 1)
            return key;
        key.Dispose();
        return null;
    }
}
