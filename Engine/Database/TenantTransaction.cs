using Npgsql;

namespace Engram.Engine.Database;

/// <summary>A transaction of one tenant. Disposing it without <see cref="CommitAsync"/> rolls back.</summary>
public sealed class TenantTransaction : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly NpgsqlTransaction _transaction;
    private Tenant? _unsetTenant;

    internal TenantTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant)
    {
        _connection = connection;
        _transaction = transaction;
        _unsetTenant = tenant;
    }

    /// <summary>A batch within this transaction. The first one carries the tenant setting along, so that it costs no round trip.</summary>
    public TenantBatch Batch()
    {
        var batch = new TenantBatch(new NpgsqlBatch(_connection, _transaction), _unsetTenant);
        _unsetTenant = null;
        return batch;
    }

    /// <summary>Commits.</summary>
    /// <param name="cancellationToken">Cancels the wait; whether the commit took place is then unknown.</param>
    public Task CommitAsync(CancellationToken cancellationToken = default) => _transaction.CommitAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _transaction.DisposeAsync();
        await _connection.DisposeAsync();
    }
}
