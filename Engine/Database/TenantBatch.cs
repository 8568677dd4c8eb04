using Npgsql;

namespace Engram.Engine.Database;

/// <summary>Statements of one tenant that run in one round trip; outside a <see cref="TenantTransaction"/> also as one transaction.</summary>
public sealed class TenantBatch : IAsyncDisposable
{
    private readonly NpgsqlBatch _batch;
    private readonly bool _setsTenant;

    internal TenantBatch(NpgsqlBatch batch, Tenant? tenant)
    {
        _batch = batch;
        if (tenant is { } t)
        {
            _setsTenant = true;
            Add(TenantDb.SetTenant, Sql.Text(t.Id.ToString()));
        }
    }

    /// <summary>The statements so far, for a look at their plans.</summary>
    internal IReadOnlyList<NpgsqlBatchCommand> Commands => [.. _batch.BatchCommands.Cast<NpgsqlBatchCommand>()];

    /// <summary>Adds a statement with positional parameters ($1, $2, ...).</summary>
    /// <param name="sql">A constant, or built from constants: never from input.</param>
    /// <param name="parameters">Values in order.</param>
    public TenantBatch Add(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        _batch.BatchCommands.Add(command);
        return this;
    }

    /// <summary>Runs the statements; the reader stands on the first one's result.</summary>
    /// <param name="cancellationToken">Cancels the statements on the server.</param>
    public async ValueTask<NpgsqlDataReader> ExecuteReaderAsync(CancellationToken cancellationToken = default)
    {
        var reader = await _batch.ExecuteReaderAsync(cancellationToken);
        if (_setsTenant)
            await reader.NextResultAsync(cancellationToken);
        return reader;
    }

    /// <summary>Runs the statements for their effect.</summary>
    /// <param name="cancellationToken">Cancels the statements on the server.</param>
    public Task ExecuteAsync(CancellationToken cancellationToken = default) => _batch.ExecuteNonQueryAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _batch.DisposeAsync();
}
