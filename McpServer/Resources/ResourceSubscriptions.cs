using System.Collections.Concurrent;
using Engram.Engine;
using Engram.Engine.Keys;
using Engram.Engine.Memories;
using Engram.McpServer.Auth;
using Engram.McpServer.Tools;
using Engram.McpServer.Transport;
using Microsoft.Extensions.Options;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Resources;

/// <summary>Somebody who wants to know when a resource changes.</summary>
/// <param name="Tenant">Whose resource.</param>
/// <param name="Uri">As it was subscribed to.</param>
/// <param name="Target">What the URI names: a memory, or the bucket of a profile.</param>
/// <param name="NotifyAsync">Sends the news.</param>
internal sealed record Subscription(Tenant Tenant, string Uri, ChangeTarget Target, Func<CancellationToken, Task> NotifyAsync)
{
    /// <summary>What the resource was like when last looked at; null once it is gone.</summary>
    public string? Marker { get; set; }
}

/// <summary>
/// Subscriptions of both kinds of client: a session's, until it unsubscribes or ends, and the open <c>subscriptions/listen</c> streams of 2026-07-28.
/// Who writes (another replica, the Api, the Worker) does not matter: <see cref="ChangeWatcher"/> asks the database.
/// </summary>
internal sealed class ResourceSubscriptions(
    SessionTable sessions,
    ResourceChanges changes,
    CallerAuthentication authentication,
    IOptions<McpTransportOptions> options,
    TimeProvider time,
    IHostApplicationLifetime lifetime)
{
    private readonly ConcurrentDictionary<object, ConcurrentDictionary<string, Subscription>> _owners = new();
    private readonly ConcurrentDictionary<Guid, int> _streams = new();

    public IEnumerable<Subscription> All => _owners.Values.SelectMany(owned => owned.Values);

    public bool IsEmpty => _owners.IsEmpty;

    public async ValueTask<EmptyResult> SubscribeAsync(RequestContext<SubscribeRequestParams> request, CancellationToken ct)
    {
        var call = McpCall.Of(request.Items);
        if (request.Server.SessionId is not { } id || sessions.Find(id, call.Caller.KeyId) is not { } session)
        {
            throw new McpProtocolException("A subscription needs a session: send initialize first. Clients of 2026-07-28 use subscriptions/listen.", McpErrorCode.InvalidRequest);
        }

        var uri = request.Params!.Uri;
        var found = await FindAsync(call, uri, () => session.Events.Reader, send => session.Server.SendNotificationAsync(
            NotificationMethods.ResourceUpdatedNotification, new ResourceUpdatedNotificationParams { Uri = uri }, cancellationToken: send), ct);
        var owned = _owners.GetOrAdd(session, _ =>
        {
            session.Closed.Register(() => _owners.TryRemove(session, out var _));
            return new();
        });
        Add(owned, found);
        return ResultMeta.Add(new EmptyResult(), call);
    }

    public ValueTask<EmptyResult> UnsubscribeAsync(RequestContext<UnsubscribeRequestParams> request, CancellationToken ct)
    {
        var call = McpCall.Of(request.Items);
        if (request.Server.SessionId is { } id && sessions.Find(id, call.Caller.KeyId) is { } session && _owners.TryGetValue(session, out var owned))
        {
            owned.TryRemove(request.Params!.Uri, out _);
        }

        return new(ResultMeta.Add(new EmptyResult(), call));
    }

    /// <summary>Holds the stream of one <c>subscriptions/listen</c> open until its client hangs up, or would not be let in any more.</summary>
    public async ValueTask<EmptyResult> ListenAsync(RequestContext<SubscriptionsListenRequestParams> request, CancellationToken ct)
    {
        var call = McpCall.Of(request.Items);
        if (_streams.AddOrUpdate(call.Caller.KeyId, 1, (_, open) => open + 1) > options.Value.MaxSubscriptionStreams)
        {
            CloseStream(call);
            throw new McpProtocolException(
                $"This key has {options.Value.MaxSubscriptionStreams} streams of subscriptions open, which is as many as it may have. One stream can hold many subscriptions.",
                McpErrorCode.InvalidRequest);
        }

        try
        {
            await ListenAsync(request, call, ct);
            return new EmptyResult();
        }
        finally
        {
            CloseStream(call);
        }
    }

    private void CloseStream(McpCall call) => _streams.AddOrUpdate(call.Caller.KeyId, 0, (_, open) => open - 1);

    private async Task ListenAsync(RequestContext<SubscriptionsListenRequestParams> request, McpCall call, CancellationToken ct)
    {
        var stream = new ListenStream(request);
        var owned = new ConcurrentDictionary<string, Subscription>(StringComparer.Ordinal);
        var granted = new List<string>();
        foreach (var uri in request.Params?.Notifications?.ResourceSubscriptions ?? [])
        {
            try
            {
                Add(owned, await FindAsync(call, uri, () => call.Credential, send => stream.UpdatedAsync(uri, send), ct));
                granted.Add(uri);
            }
            catch (McpProtocolException)
            {
                // The acknowledgement names what is honoured; what does not exist is missing from it.
            }
        }

        await stream.AcknowledgeAsync(granted, ct);
        // These streams have a bound of their own.
        call.Slot?.Dispose();
        if (granted.Count > 0)
        {
            _owners[owned] = owned;
        }

        using var expired = new CancellationTokenSource(call.TokenLeft(time), time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping, expired.Token);
        using var timer = new PeriodicTimer(options.Value.StreamKeepAlive, time);
        try
        {
            while (await timer.WaitForNextTickAsync(ended.Token) && MayRead(await authentication.AgainAsync(call.Credential, ended.Token)))
            {
                // Nothing else that a client could ask for ever changes while the server runs.
            }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // The process stops or the token is over: the stream ends with its answer, and the client comes back, to another process or with a fresh token.
        }
        finally
        {
            _owners.TryRemove(owned, out _);
        }
    }

    private void Add(ConcurrentDictionary<string, Subscription> owned, Subscription subscription)
    {
        if (owned.Count >= options.Value.MaxSubscriptions && !owned.ContainsKey(subscription.Uri))
        {
            throw new McpProtocolException(
                $"This client has {owned.Count} subscriptions, which is as many as it may have ({McpTransportOptions.Section}:MaxSubscriptions). Unsubscribe from some.",
                McpErrorCode.InvalidRequest);
        }

        owned[subscription.Uri] = subscription;
    }

    private async Task<Subscription> FindAsync(McpCall call, string uri, Func<Credential?> reader, Func<CancellationToken, Task> notify, CancellationToken ct)
    {
        var address = MemoryResources.Address(call, uri);
        var found = await changes.FindAsync(call.Caller.Tenant, address.Bucket, address.MemoryId, ct) ?? throw MemoryResources.NotFound(uri);
        return new Subscription(call.Caller.Tenant, uri, found.Target, send => TellAsync(reader(), address, notify, send)) { Marker = found.Marker };
    }

    /// <summary>Between two looks at a stream its key may have been revoked, or allowed less: then there is nobody to tell.</summary>
    private async Task TellAsync(Credential? reader, ResourceAddress address, Func<CancellationToken, Task> notify, CancellationToken ct)
    {
        if (reader is not null && await authentication.AgainAsync(reader, ct) is { } now && MayRead(now) && now.MayUse(address.Bucket))
        {
            await notify(ct);
        }
    }

    private static bool MayRead(Principal? caller) => caller is not null && caller.Has(Scopes.MemoriesRead);
}
