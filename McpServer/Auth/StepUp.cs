using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Engram.Engine.Keys;
using Engram.McpServer.Tools;
using Engram.McpServer.Transport;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Auth;

/// <summary>
/// What a message needs a token to allow, known before anything is answered: a token that falls short gets 403 and the scope to ask its
/// issuer for, as the specification's step-up wants. The same call with an API key gets a tool error, which is for a person to act on.
/// </summary>
internal sealed class StepUp(IEnumerable<EngramTool> tools, ProtectedResource resource)
{
    private readonly FrozenDictionary<string, Scopes> _ofTool = tools.ToFrozenDictionary(tool => tool.Name, tool => tool.Scope, StringComparer.Ordinal);

    public RpcFault? Check(HttpContext context, McpCall call, JsonRpcMessage message)
    {
        if (call.TokenExpiresAt is null || message is not JsonRpcRequest request)
        {
            return null;
        }

        var needed = Needed(request);
        if (call.Caller.Has(needed))
        {
            return null;
        }

        var description = $"This needs the scope {string.Join(' ', ScopeNames.Of(needed))}.";
        resource.ChallengeForScopes(context.Response, call.Caller.Scopes, needed, description);
        return new RpcFault(StatusCodes.Status403Forbidden, RpcFault.ServerError, $"The access token does not allow this. {description}") { Id = request.Id };
    }

    private Scopes Needed(JsonRpcRequest request) => request.Method switch
    {
        RequestMethods.ToolsCall => request.Params is JsonObject call && call["name"] is JsonValue name && name.TryGetValue(out string? tool)
            ? _ofTool.GetValueOrDefault(tool)
            : Scopes.None,
        // What resources hold, and what their templates are completed with, are memories and names of buckets.
        RequestMethods.ResourcesList or RequestMethods.ResourcesRead or RequestMethods.ResourcesSubscribe or RequestMethods.SubscriptionsListen
            or RequestMethods.CompletionComplete => Scopes.MemoriesRead,
        _ => Scopes.None,
    };
}
