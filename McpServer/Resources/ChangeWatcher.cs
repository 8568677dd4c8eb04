using Engram.Engine.Memories;
using Engram.McpServer.Transport;
using Microsoft.Extensions.Options;

namespace Engram.McpServer.Resources;

/// <summary>
/// Looks whether what is subscribed to has changed: one query a period and tenant that has subscriptions, none without. A notification of the database
/// would have to be sent inside every write and takes a lock of the whole instance; this costs writers nothing.
/// </summary>
internal sealed class ChangeWatcher(
    ResourceSubscriptions subscriptions, ResourceChanges changes, IOptions<McpTransportOptions> options, TimeProvider time, ILogger<ChangeWatcher> logger)
    : BackgroundService
{
    /// <summary>A client that does not read its stream must not keep the others waiting.</summary>
    private static readonly TimeSpan SendDeadline = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.SubscriptionPoll, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (subscriptions.IsEmpty)
            {
                continue;
            }

            foreach (var tenant in subscriptions.All.GroupBy(subscription => subscription.Tenant).ToList())
            {
                try
                {
                    await LookAsync([.. tenant], stoppingToken);
                }
                catch (Exception ex) when (ex is not OperationCanceledException)
                {
                    // Looked at again with the next tick: a marker only moves once it was read.
                    Log.WatchFailed(logger, ex);
                }
            }
        }
    }

    private async Task LookAsync(IReadOnlyList<Subscription> tenant, CancellationToken ct)
    {
        var markers = await changes.ReadAsync(tenant[0].Tenant, [.. tenant.Select(subscription => subscription.Target).Distinct()], ct);
        var changed = tenant.Where(subscription => markers.GetValueOrDefault(subscription.Target) != subscription.Marker).ToList();
        await Task.WhenAll(changed.Select(async subscription =>
        {
            subscription.Marker = markers.GetValueOrDefault(subscription.Target);
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(ct);
            deadline.CancelAfter(SendDeadline);
            try
            {
                await subscription.NotifyAsync(deadline.Token);
            }
            catch (Exception ex) when (ex is not OperationCanceledException || !ct.IsCancellationRequested)
            {
                // Its reader is gone or stuck; the session or stream ends by itself.
                Log.NotificationLost(logger, ex);
            }
        }));
    }
}
