using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Transport;

/// <summary>
/// What the parameters of a method have to look like. The SDK reads them before any handler of ours, and what it cannot read it answers with an internal
/// error that names nothing; here the client is told which one, and what it should be.
/// </summary>
internal static class RequestParameters
{
    private static readonly Parameter[] OfAll = [new("_meta", Kind.Object), new("_meta.progressToken", Kind.Token)];
    private static readonly Parameter[] OfLists = [new("cursor", Kind.Text)];
    private static readonly Parameter[] OfResource = [new("uri", Kind.Text, Required: true)];
    private static readonly Parameter[] OfCalls = [new("name", Kind.Text, Required: true), new("arguments", Kind.Object)];

    private static readonly FrozenDictionary<string, Parameter[]> OfMethod = new Dictionary<string, Parameter[]>
    {
        [RequestMethods.ToolsCall] = OfCalls,
        [RequestMethods.PromptsGet] = OfCalls,
        [RequestMethods.ToolsList] = OfLists,
        [RequestMethods.PromptsList] = OfLists,
        [RequestMethods.ResourcesList] = OfLists,
        [RequestMethods.ResourcesTemplatesList] = OfLists,
        [RequestMethods.ResourcesRead] = OfResource,
        [RequestMethods.ResourcesSubscribe] = OfResource,
        [RequestMethods.ResourcesUnsubscribe] = OfResource,
        [RequestMethods.CompletionComplete] =
        [
            new("ref", Kind.Object, Required: true), new("ref.type", Kind.Reference, Required: true), new("ref.name", Kind.Text), new("ref.uri", Kind.Text),
            new("argument", Kind.Object, Required: true), new("argument.name", Kind.Text, Required: true), new("argument.value", Kind.Text, Required: true),
            new("context", Kind.Object), new("context.arguments", Kind.Object),
        ],
        ["logging/setLevel"] = [new("level", Kind.Level, Required: true)],
        [RequestMethods.SubscriptionsListen] = [new("notifications", Kind.Object, Required: true)],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private enum Kind
    {
        Text,
        Object,
        Token,
        Reference,
        Level,
    }

    /// <param name="request">The request.</param>
    /// <param name="version">The protocol version in its header, or null: what a revision does not have is no matter of parameters.</param>
    /// <exception cref="ArgumentException">A name occurs twice in one of the objects.</exception>
    public static RpcFault? Check(JsonRpcRequest request, string? version)
    {
        var parameters = request.Params as JsonObject;
        var wrong = Wrong(OfAll, parameters);
        if (wrong is null && OfMethod.TryGetValue(request.Method, out var own) && Exists(request.Method, version))
        {
            wrong = Wrong(own, parameters);
        }

        return wrong is null
            ? null
            : RpcFault.InvalidParams($"Invalid params: '{wrong.Path}' of {request.Method} must be {Words(wrong.Kind)}.") with { Id = request.Id };
    }

    private static bool Exists(string method, string? version) => method switch
    {
        RequestMethods.SubscriptionsListen => ProtocolVersions.IsPerRequest(version),
        "logging/setLevel" or RequestMethods.ResourcesSubscribe or RequestMethods.ResourcesUnsubscribe => !ProtocolVersions.IsPerRequest(version),
        _ => true,
    };

    private static Parameter? Wrong(Parameter[] expected, JsonObject? parameters)
    {
        foreach (var parameter in expected)
        {
            var holder = parameter.Parent is { } parent ? parameters?[parent] as JsonObject : parameters;
            var value = holder?[parameter.Name];
            // A lazily read object finds a name that occurs twice when it is searched, and throws.
            (value as JsonObject)?.ContainsKey("");
            // Of an object that is absent itself, nothing is required.
            if (value is null ? parameter.Required && (parameter.Parent is null || holder is not null) : !Fits(value, parameter.Kind))
            {
                return parameter;
            }
        }

        return null;
    }

    private static bool Fits(JsonNode value, Kind kind) => kind switch
    {
        Kind.Object => value is JsonObject,
        Kind.Token => value.GetValueKind() == JsonValueKind.String || (value is JsonValue number && number.TryGetValue(out long _)),
        Kind.Reference => value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is "ref/prompt" or "ref/resource",
        Kind.Level => value.GetValueKind() == JsonValueKind.String && value.GetValue<string>() is
            "debug" or "info" or "notice" or "warning" or "error" or "critical" or "alert" or "emergency",
        _ => value.GetValueKind() == JsonValueKind.String,
    };

    private static string Words(Kind kind) => kind switch
    {
        Kind.Object => "an object",
        Kind.Token => "a string or an integer",
        Kind.Reference => "'ref/prompt' or 'ref/resource'",
        Kind.Level => "debug, info, notice, warning, error, critical, alert or emergency",
        _ => "a string",
    };

    /// <param name="Path">Its name, after that of the object it is in.</param>
    /// <param name="Kind">What it has to be.</param>
    /// <param name="Required">Must be there.</param>
    private sealed record Parameter(string Path, Kind Kind, bool Required = false)
    {
        public string? Parent { get; } = Path.Contains('.') ? Path[..Path.IndexOf('.')] : null;

        public string Name { get; } = Path[(Path.IndexOf('.') + 1)..];
    }
}
