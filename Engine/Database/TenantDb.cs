using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Engram.Engine.Database;

/// <summary>
/// The only door to tenant rows. Everything that goes through it runs as the role <c>engram_app</c> under forced row level security, with
/// <c>app.tenant_id</c> set for that one transaction only, so a pooled connection never carries a tenant over.
/// </summary>
/// <param name="dataSource">Pool of connections of the role <c>engram_app</c>.</param>
public sealed class TenantDb([FromKeyedServices(TenantDb.ConnectionName)] NpgsqlDataSource dataSource)
{
    /// <summary>Name of the connection string.</summary>
    public const string ConnectionName = "engram-app";

    internal const string SetTenant = "select set_config('app.tenant_id', $1, true)";

    /// <summary>Starts a batch: one implicit transaction and one round trip. Nothing is sent before it is executed.</summary>
    /// <param name="tenant">The tenant whose rows the statements see.</param>
    public TenantBatch Batch(Tenant tenant) => new(dataSource.CreateBatch(), tenant);

    /// <summary>One call of a database function that takes the tenant as <c>$1</c> and sets it itself: the cheapest way to read, for the hottest reads.</summary>
    /// <param name="tenant">The tenant whose rows the function sees.</param>
    /// <param name="sql">A constant that selects from one such function.</param>
    internal NpgsqlCommand Function(Tenant tenant, string sql)
    {
        var command = dataSource.CreateCommand(sql);
        command.Parameters.Add(Sql.Uuid(tenant.Id));
        return command;
    }

    /// <summary>Starts a transaction for work that needs an answer before its next statement.</summary>
    /// <param name="tenant">The tenant whose rows the statements see.</param>
    /// <param name="cancellationToken">Cancels the opening.</param>
    public async ValueTask<TenantTransaction> BeginAsync(Tenant tenant, CancellationToken cancellationToken = default)
    {
        var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        try
        {
            var transaction = await connection.BeginTransactionAsync(cancellationToken);
            return new TenantTransaction(connection, transaction, tenant);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
