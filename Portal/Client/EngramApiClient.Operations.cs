namespace Engram.Portal.Client;

/// <summary>Operations: how long they took and how they ended.</summary>
public sealed partial class EngramApiClient
{
    public Task<LatencyReport> LatencyAsync(string query, CancellationToken cancellationToken) =>
        SendAsync<LatencyReport>(HttpMethod.Get, "account/latency" + query, null, cancellationToken);

    public Task<PublicNumbers> PublicNumbersAsync(CancellationToken cancellationToken) =>
        SendAsync<PublicNumbers>(HttpMethod.Get, "public/latency", null, cancellationToken);

    /// <summary>The newest run of the smoke; null where there was none.</summary>
    public async Task<SmokeRun?> LastSmokeAsync(CancellationToken cancellationToken) =>
        (await SendAsync<SmokePage>(HttpMethod.Get, "account/smoke?limit=1", null, cancellationToken)).Runs is [var newest, ..] ? newest : null;

    public Task<LatencyBreakdown> BreakdownAsync(string query, CancellationToken cancellationToken) =>
        SendAsync<LatencyBreakdown>(HttpMethod.Get, "account/latency/breakdown" + query, null, cancellationToken);

    public Task<OperationPage> RequestsAsync(string query, CancellationToken cancellationToken) =>
        SendAsync<OperationPage>(HttpMethod.Get, "account/requests" + query, null, cancellationToken);

    public Task<Operation> RequestAsync(string id, CancellationToken cancellationToken) =>
        SendAsync<Operation>(HttpMethod.Get, $"account/requests/{Uri.EscapeDataString(id)}", null, cancellationToken);
}
