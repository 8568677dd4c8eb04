using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace Engram.McpServer.Resources;

/// <summary>The stream of one <c>subscriptions/listen</c>: every message on it names the request, so that a client with several can tell them apart.</summary>
internal sealed class ListenStream(RequestContext<SubscriptionsListenRequestParams> request)
{
    public Task AcknowledgeAsync(IReadOnlyList<string> granted, CancellationToken ct)
    {
        var notifications = new JsonObject();
        if (granted.Count > 0)
        {
            notifications["resourceSubscriptions"] = new JsonArray([.. granted.Select(uri => JsonValue.Create(uri))]);
        }

        return SendAsync(NotificationMethods.SubscriptionsAcknowledgedNotification, new JsonObject { ["notifications"] = notifications }, ct);
    }

    public Task UpdatedAsync(string uri, CancellationToken ct) =>
        SendAsync(NotificationMethods.ResourceUpdatedNotification, new JsonObject { ["uri"] = uri }, ct);

    private Task SendAsync(string method, JsonObject parameters, CancellationToken ct)
    {
        JsonNode? id = request.JsonRpcRequest.Id.Id switch
        {
            string text => JsonValue.Create(text),
            long number => JsonValue.Create(number),
            _ => null,
        };
        parameters["_meta"] = new JsonObject { [MetaKeys.SubscriptionId] = id };
        // The request's server sends over the request's own stream.
        return request.Server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters }, ct);
    }
}
