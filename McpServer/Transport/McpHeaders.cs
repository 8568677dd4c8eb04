using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Transport;

/// <summary>
/// The headers of the protocol and what they must repeat of the body: <c>MCP-Protocol-Version</c>, and from 2026-07-28 on
/// <c>Mcp-Method</c> and <c>Mcp-Name</c>, so that a gateway may route by header without the body saying something else.
/// </summary>
internal static class McpHeaders
{
    public const string SessionId = "Mcp-Session-Id";
    public const string ProtocolVersion = "MCP-Protocol-Version";
    public const string Method = "Mcp-Method";
    public const string Name = "Mcp-Name";

    public static string? Read(HttpRequest request, string name) =>
        request.Headers.TryGetValue(name, out var value) && value.Count > 0 && value[0] is { Length: > 0 } text ? text : null;

    /// <summary>An absent header is allowed, for clients older than it; a version nobody here speaks is not.</summary>
    public static RpcFault? CheckVersion(string? version) => CheckVersion(version, ProtocolVersions.All);

    /// <summary>The version in the header, and then the headers against the body.</summary>
    public static RpcFault? Check(HttpRequest http, string? version, JsonRpcMessage message)
    {
        try
        {
            return CheckVersion(version, OnOffer(message)) ?? CheckAgainstBody(http, version, message)
                ?? (message is JsonRpcRequest request ? RequestParameters.Check(request, version) : null);
        }
        catch (ArgumentException)
        {
            // How a lazily read JsonObject reports that a name occurs twice.
            return RpcFault.InvalidRequest("Invalid request: a property occurs twice in 'params' or in an object of it.");
        }
    }

    private static RpcFault? CheckVersion(string? version, string[] offered) => version is null || ProtocolVersions.IsSupported(version)
        ? null
        : new RpcFault(StatusCodes.Status400BadRequest, (int)McpErrorCode.UnsupportedProtocolVersion,
            $"Protocol version '{version}' is not supported; use one of {string.Join(", ", offered)}.")
        {
            Data = new JsonObject
            {
                ["supported"] = new JsonArray([.. offered.Select(v => JsonValue.Create(v))]),
                ["requested"] = version,
            },
        };

    /// <summary>A client that declares its version with every request can do nothing with the versions that begin with a handshake.</summary>
    private static string[] OnOffer(JsonRpcMessage message) =>
        message is JsonRpcRequest { Params: JsonObject parameters } && Text(parameters["_meta"], MetaKeys.ProtocolVersion) is not null
            ? ProtocolVersions.WithoutHandshake
            : ProtocolVersions.All;

    private static RpcFault? CheckAgainstBody(HttpRequest http, string? version, JsonRpcMessage message)
    {
        var (method, parameters) = message switch
        {
            JsonRpcRequest request => (request.Method, request.Params),
            JsonRpcNotification notification => (notification.Method, notification.Params),
            _ => (null, null),
        };
        if (method is null)
        {
            return null;
        }

        if (method == RequestMethods.Initialize && version is not null && !ProtocolVersions.IsPerRequest(version)
            && Text(parameters, "protocolVersion") is { } wanted && wanted != version)
        {
            return RpcFault.HeaderMismatch($"{ProtocolVersion} is '{version}' but params.protocolVersion is '{wanted}'.");
        }

        var meta = (parameters as JsonObject)?["_meta"] as JsonObject;
        var declared = Text(meta, MetaKeys.ProtocolVersion);
        if (!ProtocolVersions.IsPerRequest(version))
        {
            return ProtocolVersions.IsPerRequest(declared)
                ? RpcFault.HeaderMismatch($"The body declares protocol version '{declared}': send it in the {ProtocolVersion} header too.")
                : null;
        }

        return CheckEnvelope(message, version!, meta, declared) ?? CheckRouting(http, method, parameters);
    }

    private static RpcFault? CheckEnvelope(JsonRpcMessage message, string version, JsonObject? meta, string? declared)
    {
        if (declared is not null && declared != version)
        {
            return RpcFault.HeaderMismatch($"{ProtocolVersion} is '{version}' but _meta/{MetaKeys.ProtocolVersion} is '{declared}'.");
        }

        // A notification has no reply that could carry the complaint, and dropping a cancellation would leave work running.
        if (message is not JsonRpcRequest)
        {
            return null;
        }

        if (declared is null)
        {
            return RpcFault.InvalidParams($"Requests of protocol version '{version}' must carry _meta/{MetaKeys.ProtocolVersion}.");
        }

        return meta![MetaKeys.ClientCapabilities] is JsonObject
            ? null
            : RpcFault.InvalidParams($"Requests of protocol version '{version}' must carry _meta/{MetaKeys.ClientCapabilities} as an object.");
    }

    private static RpcFault? CheckRouting(HttpRequest http, string method, JsonNode? parameters)
    {
        var methodHeader = Read(http, Method)?.Trim();
        if (methodHeader is null)
        {
            return RpcFault.HeaderMismatch($"The {Method} header is missing; send '{Method}: {method}'.");
        }

        if (methodHeader != method)
        {
            return RpcFault.HeaderMismatch($"The {Method} header is '{methodHeader}' but the body's method is '{method}'.");
        }

        var nameField = method switch
        {
            RequestMethods.ToolsCall or RequestMethods.PromptsGet => "name",
            RequestMethods.ResourcesRead => "uri",
            _ => null,
        };
        if (nameField is null)
        {
            return null;
        }

        if (Read(http, Name)?.Trim() is not { } nameHeader)
        {
            return RpcFault.HeaderMismatch($"The {Name} header is missing; it must repeat params.{nameField}.");
        }

        // Anything but plain ASCII travels as =?base64?...?=; the SDK's decoder answers null for a bad encoding.
        var decoded = nameHeader.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 ? McpHeaderEncoder.DecodeValue(nameHeader) : null;
        if (decoded is null)
        {
            return RpcFault.HeaderMismatch($"The {Name} header is neither plain ASCII nor a valid =?base64?...?= value.");
        }

        var named = Text(parameters, nameField);
        return decoded == named
            ? null
            : RpcFault.HeaderMismatch($"The {Name} header is '{decoded}' but params.{nameField} is '{named}'.");
    }

    private static string? Text(JsonNode? node, string property) =>
        node is JsonObject members && members[property] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
