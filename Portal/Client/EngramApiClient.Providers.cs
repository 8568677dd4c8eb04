namespace Engram.Portal.Client;

/// <summary>The tenant's own models, what went wrong with them, and the queue that waits for them.</summary>
public sealed partial class EngramApiClient
{
    public Task<ProviderCatalogue> CatalogueAsync(CancellationToken cancellationToken) =>
        SendAsync<ProviderCatalogue>(HttpMethod.Get, "account/providers/catalogue", null, cancellationToken);

    public Task<ProviderList> ProvidersAsync(CancellationToken cancellationToken) =>
        SendAsync<ProviderList>(HttpMethod.Get, "account/providers", null, cancellationToken);

    public Task<Connection> CreateProviderAsync(CreateProvider provider, CancellationToken cancellationToken) =>
        SendAsync<Connection>(HttpMethod.Post, "account/providers", provider, cancellationToken);

    public Task DeleteProviderAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, ApiPaths.Provider(id), null, cancellationToken);

    public Task RotateProviderAsync(string id, RotateProvider key, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, ApiPaths.Provider(id) + "/rotate", key, cancellationToken);

    public Task<ProviderTest> TestProviderAsync(string id, TestProvider test, CancellationToken cancellationToken) =>
        SendAsync<ProviderTest>(HttpMethod.Post, ApiPaths.Provider(id) + "/test", test, cancellationToken, slow: true);

    public Task SetModelAsync(string role, SetModel model, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Put, $"account/models/{role}", model, cancellationToken);

    public Task ClearModelAsync(string role, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, $"account/models/{role}", null, cancellationToken);

    public Task<BudgetList> BudgetsAsync(CancellationToken cancellationToken) =>
        SendAsync<BudgetList>(HttpMethod.Get, "account/budgets", null, cancellationToken);

    public Task<BudgetList> SetBudgetsAsync(SetBudgets budgets, CancellationToken cancellationToken) =>
        SendAsync<BudgetList>(HttpMethod.Put, "account/budgets", budgets, cancellationToken);

    public Task<FaultPage> FaultsAsync(string query, CancellationToken cancellationToken) =>
        SendAsync<FaultPage>(HttpMethod.Get, "account/provider-faults" + query, null, cancellationToken);

    public Task<CallPage> CallsAsync(string query, CancellationToken cancellationToken) =>
        SendAsync<CallPage>(HttpMethod.Get, "account/llm-calls" + query, null, cancellationToken);

    public Task<JobPage> JobsAsync(string query, CancellationToken cancellationToken) =>
        SendAsync<JobPage>(HttpMethod.Get, "account/jobs" + query, null, cancellationToken);

    public Task<QueueDepth> QueueDepthAsync(CancellationToken cancellationToken) =>
        SendAsync<QueueDepth>(HttpMethod.Get, "account/jobs/depth", null, cancellationToken);

    public Task CancelJobAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"account/jobs/{Uri.EscapeDataString(id)}/cancel", null, cancellationToken);

    public Task RetryJobAsync(string id, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, $"account/jobs/{Uri.EscapeDataString(id)}/retry", null, cancellationToken);

    public async Task<long> RetryJobsAsync(CancellationToken cancellationToken) =>
        (await SendAsync<JobsRetried>(HttpMethod.Post, "account/jobs/retry", null, cancellationToken)).Retried;

    public Task<CreatedKey> RollKeyAsync(string id, RollKey roll, CancellationToken cancellationToken) =>
        SendAsync<CreatedKey>(HttpMethod.Post, $"account/keys/{Uri.EscapeDataString(id)}/roll", roll, cancellationToken);
}
