using Engram.Engine.Database;
using Engram.Engine.Providers.Vault;
using Microsoft.Extensions.Logging;

namespace Engram.Engine.Providers;

/// <summary>Finds the model a tenant set for a role and makes it ready to be called with the tenant's own key.</summary>
public sealed class TenantModels
{
    private readonly TenantDb _db;
    private readonly ProviderStore _store;
    private readonly ModelCache _cache;
    private readonly SpendLedger _spend;
    private readonly ChatClients _clients;
    private readonly ILogger<TenantModels> _log;

    internal TenantModels(TenantDb db, ProviderStore store, ModelCache cache, SpendLedger spend, ChatClients clients, ILogger<TenantModels> log) =>
        (_db, _store, _cache, _spend, _clients, _log) = (db, store, cache, spend, clients, log);

    /// <summary>The tenant's model for the role of <paramref name="context"/>. What is set is cached for half a minute; a change is seen at once.</summary>
    /// <param name="context">On whose behalf, and what for.</param>
    /// <param name="cancellationToken">Cancels the lookup.</param>
    /// <returns>The model, or null where the tenant set none for the role: the offline way is taken.</returns>
    /// <exception cref="EngramException">
    /// The tenant's or the key's budget is used up (<see cref="FailureKind.QuotaExceeded"/>), or the stored key does not open
    /// (<see cref="FailureKind.NotReady"/>).
    /// </exception>
    public async ValueTask<TenantChat?> ForAsync(LlmContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        return await ReadyAsync(context, cancellationToken) is (var connection, var model) ? _clients.Create(connection, model.Model, context) : null;
    }

    /// <summary>The same for the role <see cref="ModelRole.Embed"/>.</summary>
    /// <param name="context">On whose behalf; its role is <see cref="ModelRole.Embed"/>.</param>
    /// <param name="cancellationToken">Cancels the lookup.</param>
    /// <returns>The model, or null where the tenant set none: the local encoder's vectors are the only ones.</returns>
    /// <exception cref="EngramException">As above.</exception>
    public async ValueTask<TenantEmbedder?> EmbedderForAsync(LlmContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (await ReadyAsync(context, cancellationToken) is not (var connection, var model)
            || _clients.CreateEmbeddings(connection, model.Model, context, model.Vectors!.Dimensions) is not { } generator)
            return null;
        return new TenantEmbedder(generator, connection.Entry, model.Model, model.Vectors);
    }

    /// <summary>What the vectors of the tenant's own model are, or null where it set none. Cached like the rest.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="cancellationToken">Cancels the lookup.</param>
    public async ValueTask<VectorSpace?> VectorsOfAsync(Tenant tenant, CancellationToken cancellationToken = default)
    {
        var settings = _cache.Find(tenant) ?? await LoadAsync(tenant, cancellationToken);
        return settings.Models.TryGetValue(ModelRole.Embed, out var model) ? model.Vectors : null;
    }

    private async ValueTask<(ProviderConnection Connection, ReadyModel Model)?> ReadyAsync(LlmContext context, CancellationToken cancellationToken)
    {
        var settings = _cache.Find(context.Tenant) ?? await LoadAsync(context.Tenant, cancellationToken);
        if (!settings.Models.TryGetValue(context.Role, out var model))
            return null;
        if (model.Connection is not { } connection)
        {
            throw new EngramException(
                FailureKind.NotReady,
                $"The stored provider key for the role {ModelRoleNames.Of(context.Role)} cannot be opened by this server. Whoever operates it finds the reason in its log; "
                + "POST /account/providers/{id}/rotate with the key sets it anew.");
        }

        await _spend.DemandAsync(context, settings.Budgets, cancellationToken);
        return (connection, model);
    }

    /// <summary>What the tenant set for a role, without making it ready; null where nothing is set.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="role">What for.</param>
    /// <param name="cancellationToken">Cancels the lookup.</param>
    public async ValueTask<(string Provider, string Model)?> DescribeAsync(Tenant tenant, ModelRole role, CancellationToken cancellationToken = default)
    {
        var settings = _cache.Find(tenant) ?? await LoadAsync(tenant, cancellationToken);
        return settings.Models.TryGetValue(role, out var model) && model.Connection is { } connection ? (connection.Entry.Id, model.Model) : null;
    }

    private async Task<TenantSettings> LoadAsync(Tenant tenant, CancellationToken cancellationToken)
    {
        var generation = _cache.Generation;
        var models = new Dictionary<ModelRole, ReadyModel>();
        await using var batch = _db.Batch(tenant).Add(ProviderRows.SelectModels, Sql.Uuid(tenant.Id)).Add(Budgets.SelectAll, Sql.Uuid(tenant.Id));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            if (!ModelRoleNames.TryParse(reader.GetString(8), out var role))
                continue;
            ProviderConnection? connection = null;
            try
            {
                connection = _store.Open(tenant, reader);
            }
            catch (VaultException e)
            {
                // The tenant's other roles must go on working.
                _log.ProviderKeyNotOpened(e.Message);
            }

            models[role] = new ReadyModel(connection, reader.GetString(9))
            {
                Vectors = reader.IsDBNull(10) ? null : new VectorSpace(reader.GetString(10), reader.GetInt32(11)),
            };
        }

        await reader.NextResultAsync(cancellationToken);
        var settings = new TenantSettings(models, await Budgets.ReadAllAsync(reader, cancellationToken));
        _cache.Add(tenant, settings, generation);
        return settings;
    }
}
