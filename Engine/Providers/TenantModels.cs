namespace Engram.Engine.Providers;

/// <summary>Finds the model a tenant set for a role and makes it ready to be called with the tenant's own key.</summary>
public sealed class TenantModels
{
    private readonly Dictionary<(Tenant, ModelRole), TenantChat> _models = [];

    /// <summary>The tenant's model for the role of <paramref name="context"/>.</summary>
    /// <param name="context">On whose behalf, and what for.</param>
    /// <param name="cancellationToken">Cancels the lookup.</param>
    /// <returns>The model, or null where the tenant set none for the role: the offline way is taken.</returns>
    /// <exception cref="EngramException">The tenant's or the key's budget is used up (<see cref="FailureKind.QuotaExceeded"/>).</exception>
    public ValueTask<TenantChat?> ForAsync(LlmContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(context);
        cancellationToken.ThrowIfCancellationRequested();
        return ValueTask.FromResult(_models.GetValueOrDefault((context.Tenant, context.Role)));
    }
}
