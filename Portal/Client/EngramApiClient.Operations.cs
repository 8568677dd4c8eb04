namespace Engram.Portal.Client;

/// <summary>Operations: how long they took and how they ended.</summary>
public sealed partial class EngramApiClient
{
    public Task<LatencyReport> LatencyAsync(string query, CancellationToken cancellationToken) =>
        SendAsync<LatencyReport>(HttpMethod.Get, "account/latency" + query, null, cancellationToken);

    public Task<LatencyBreakdown> BreakdownAsync(string query, CancellationToken cancellationToken) =>
        SendAsync<LatencyBreakdown>(HttpMethod.Get, "account/latency/breakdown" + query, null, cancellationToken);

    public Task<OperationPage> RequestsAsync(string query, CancellationToken cancellationToken) =>
        SendAsync<OperationPage>(HttpMethod.Get, "account/requests" + query, null, cancellationToken);

    public Task<Operation> RequestAsync(string id, CancellationToken cancellationToken) =>
        SendAsync<Operation>(HttpMethod.Get, $"account/requests/{Uri.EscapeDataString(id)}", null, cancellationToken);
}
