using Engram.Engine.Database;
using Npgsql;

namespace Engram.Engine.Providers.Vault;

/// <summary>How far a rotation is.</summary>
/// <param name="Done">Handled so far.</param>
/// <param name="Total">To be handled, as counted at the start.</param>
public readonly record struct RotationProgress(long Done, long Total);

/// <summary>
/// Rotates keys while the hosts run. Master keys: every data key is wrapped anew under the current version, so that older versions can be taken
/// out of the configuration. Data keys: every tenant gets a fresh one and its provider keys are sealed under it. Each batch is a transaction of
/// its own, and what is done is not looked at again, so a run that was stopped is simply started again.
/// </summary>
public sealed class KeyRotation
{
    internal const int BatchSize = 200;

    // Another host may make data keys under its older current version while this runs; one more pass finds them.
    private const int Passes = 3;

    private const string CountOld = "select count(*) from engram.tenant_data_keys where master_version <> $1";

    private const string SelectOld = $"""
        select tenant_id, {DataKeys.Columns} from engram.tenant_data_keys
        where master_version <> $1 and (tenant_id, version) > ($2, $3)
        order by tenant_id, version limit $4
        """;

    private const string Rewrap = """
        update engram.tenant_data_keys k set wrapped_key = n.wrapped, master_version = $5, rewrapped_at = now()
        from unnest($1, $2, $3, $4) as n (tenant_id, version, old, wrapped)
        where k.tenant_id = n.tenant_id and k.version = n.version and k.wrapped_key = n.old
        """;

    private const string Due = """
        from (select distinct tenant_id from engram.provider_connections) t
        cross join lateral (
            select k.version, k.created_at from engram.tenant_data_keys k where k.tenant_id = t.tenant_id order by k.version desc limit 1
        ) newest
        where newest.created_at < $1
            or exists (select 1 from engram.provider_connections c where c.tenant_id = t.tenant_id and c.data_key_version <> newest.version)
        """;

    private readonly SystemDb _db;
    private readonly KeyVault _vault;
    private readonly DataKeyRenewal _renewal;

    internal KeyRotation(SystemDb db, KeyVault vault) => (_db, _vault, _renewal) = (db, vault, new DataKeyRenewal(vault));

    /// <summary>The version data keys are wrapped under now.</summary>
    public int CurrentMasterVersion => _vault.CurrentMasterVersion;

    /// <summary>The time by the database's clock, which is the one that dates data keys.</summary>
    public async Task<DateTimeOffset> NowAsync(CancellationToken cancellationToken = default)
    {
        await using var command = _db.Command("select now()");
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(cancellationToken))!, TimeSpan.Zero);
    }

    /// <summary>Wraps every data key under the current master key.</summary>
    /// <param name="progress">Told after every batch.</param>
    /// <param name="cancellationToken">Stops between batches.</param>
    /// <returns>How many were wrapped anew, and what could not be, one message a cause.</returns>
    public async Task<(long Rewrapped, IReadOnlyList<string> Failures)> RewrapAsync(
        IProgress<RotationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        long rewrapped = 0;
        var failures = new Dictionary<string, int>();
        for (var pass = 0; pass < Passes; pass++)
        {
            var total = await CountAsync(CountOld, Sql.Int(_vault.CurrentMasterVersion), cancellationToken);
            if (total == 0 || (pass > 0 && failures.Values.Sum() == total))
                break;
            failures.Clear();
            var (tenant, version) = (Guid.Empty, 0);
            while (await ReadOldAsync(tenant, version, cancellationToken) is { Count: > 0 } batch)
            {
                (tenant, version) = (batch[^1].Tenant.Id, batch[^1].Key.Version);
                rewrapped += await RewrapAsync(batch, failures, cancellationToken);
                progress?.Report(new RotationProgress(rewrapped, Math.Max(total, rewrapped)));
            }
        }

        return (rewrapped, [.. failures.Select(failure => failure.Value == 1 ? failure.Key : $"{failure.Key} ({failure.Value} data keys)")]);
    }

    /// <summary>Gives every tenant that has provider keys a fresh data key and seals them under it.</summary>
    /// <param name="since">Tenants whose newest data key is not older than this are done already: the start of this run, or of the one it goes on with.</param>
    /// <param name="progress">Told after every tenant.</param>
    /// <param name="cancellationToken">Stops between tenants.</param>
    /// <returns>How many tenants were handled, and which could not be, one message each.</returns>
    public async Task<(long Tenants, IReadOnlyList<string> Failures)> RenewDataKeysAsync(
        DateTimeOffset since, IProgress<RotationProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        long done = 0;
        var failures = new List<string>();
        var total = await CountAsync($"select count(*) {Due}", Sql.Time(since), cancellationToken);
        var after = Guid.Empty;
        while (await DueTenantsAsync(since, after, cancellationToken) is { Count: > 0 } tenants)
        {
            foreach (var tenant in tenants)
            {
                after = tenant.Id;
                try
                {
                    await using var connection = await _db.OpenAsync(cancellationToken);
                    await _renewal.RenewAsync(connection, tenant, since, cancellationToken);
                    done++;
                }
                catch (VaultException e)
                {
                    failures.Add(e.Message);
                }

                progress?.Report(new RotationProgress(done, Math.Max(total, done)));
            }
        }

        return (done, failures);
    }

    private async Task<long> CountAsync(string sql, NpgsqlParameter parameter, CancellationToken cancellationToken)
    {
        await using var command = _db.Command(sql, parameter);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<List<(Tenant Tenant, WrappedDataKey Key)>> ReadOldAsync(Guid tenant, int version, CancellationToken cancellationToken)
    {
        await using var command = _db.Command(
            SelectOld, Sql.Int(_vault.CurrentMasterVersion), Sql.Uuid(tenant), Sql.Int(version), Sql.Int(BatchSize));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var keys = new List<(Tenant, WrappedDataKey)>();
        while (await reader.ReadAsync(cancellationToken))
            keys.Add((new Tenant(reader.GetGuid(0)), DataKeys.Read(reader, 1)));
        return keys;
    }

    private async Task<int> RewrapAsync(
        List<(Tenant Tenant, WrappedDataKey Key)> batch, Dictionary<string, int> failures, CancellationToken cancellationToken)
    {
        var wrapped = new List<(Guid Tenant, int Version, byte[] Old, byte[] New)>();
        foreach (var (tenant, key) in batch)
        {
            try
            {
                wrapped.Add((tenant.Id, key.Version, key.Wrapped, _vault.Rewrap(tenant, key).Wrapped));
            }
            catch (VaultException e)
            {
                failures[e.Message] = failures.GetValueOrDefault(e.Message) + 1;
            }
        }

        if (wrapped.Count == 0)
            return 0;
        await using var command = _db.Command(
            Rewrap,
            Sql.Uuids([.. wrapped.Select(row => row.Tenant)]),
            Sql.Ints([.. wrapped.Select(row => row.Version)]),
            new NpgsqlParameter<byte[][]> { TypedValue = [.. wrapped.Select(row => row.Old)] },
            new NpgsqlParameter<byte[][]> { TypedValue = [.. wrapped.Select(row => row.New)] },
            Sql.Int(_vault.CurrentMasterVersion));
        return await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task<List<Tenant>> DueTenantsAsync(DateTimeOffset since, Guid after, CancellationToken cancellationToken)
    {
        await using var command = _db.Command(
            $"select * from (select t.tenant_id {Due}) due where tenant_id > $2 order by tenant_id limit $3", Sql.Time(since), Sql.Uuid(after), Sql.Int(BatchSize));
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var tenants = new List<Tenant>();
        while (await reader.ReadAsync(cancellationToken))
            tenants.Add(new Tenant(reader.GetGuid(0)));
        return tenants;
    }
}
