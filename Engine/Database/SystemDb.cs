using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Engram.Engine.Database;

/// <summary>The door to what spans tenants: key lookup, the job queue, roll-ups. Runs as the role <c>engram_system</c>.</summary>
/// <param name="dataSource">Pool of connections of the role <c>engram_system</c>.</param>
public sealed class SystemDb([FromKeyedServices(SystemDb.ConnectionName)] NpgsqlDataSource dataSource)
{
    /// <summary>Name of the connection string.</summary>
    public const string ConnectionName = "engram-system";

    /// <summary>A single statement on a pooled connection.</summary>
    /// <param name="sql">A constant, or built from constants: never from input.</param>
    /// <param name="parameters">Values in order.</param>
    public NpgsqlCommand Command(string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = dataSource.CreateCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    /// <summary>Statements in one round trip and one implicit transaction.</summary>
    public TenantBatch Batch() => new(dataSource.CreateBatch(), tenant: null);

    /// <summary>A connection of its own, for LISTEN and for transactions.</summary>
    /// <param name="cancellationToken">Cancels the opening.</param>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken = default) => dataSource.OpenConnectionAsync(cancellationToken);
}
