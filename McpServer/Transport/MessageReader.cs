using System.Buffers;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.Unicode;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Transport;

/// <summary>
/// Reads one JSON-RPC message from a bounded body. Text that is not JSON is -32700; JSON that is no single JSON-RPC message (batch,
/// null id, wrong version) is -32600; both are HTTP 400, and the refused request's id is echoed where it can be read.
/// </summary>
internal static class MessageReader
{
    private static readonly JsonTypeInfo<JsonRpcMessage> MessageType =
        (JsonTypeInfo<JsonRpcMessage>)McpJsonUtilities.DefaultOptions.GetTypeInfo(typeof(JsonRpcMessage));

    public static async ValueTask<(JsonRpcMessage? Message, RpcFault? Fault)> ReadAsync(HttpRequest request, int maxBytes, CancellationToken ct)
    {
        if (request.ContentLength > maxBytes)
        {
            return (null, TooLarge(maxBytes));
        }

        var reader = request.BodyReader;
        while (true)
        {
            var result = await reader.ReadAsync(ct);
            var buffer = result.Buffer;
            if (buffer.Length > maxBytes)
            {
                reader.AdvanceTo(buffer.End);
                return (null, TooLarge(maxBytes));
            }

            if (!result.IsCompleted)
            {
                reader.AdvanceTo(buffer.Start, buffer.End);
                continue;
            }

            var parsed = buffer.IsSingleSegment ? Parse(buffer.FirstSpan) : Parse(buffer.ToArray());
            reader.AdvanceTo(buffer.End);
            return parsed;
        }
    }

    internal static (JsonRpcMessage? Message, RpcFault? Fault) Parse(ReadOnlySpan<byte> body)
    {
        var start = body.IndexOfAnyExcept(" \t\r\n"u8);
        if (start < 0)
        {
            return (null, RpcFault.ParseError("Parse error: the body is empty; send one JSON-RPC message."));
        }

        if (!Utf8.IsValid(body))
        {
            return (null, RpcFault.ParseError("Parse error: the body is not valid UTF-8."));
        }

        if (body[start] == (byte)'[')
        {
            return (null, RpcFault.InvalidRequest("Invalid request: batches are not supported; send each JSON-RPC message in a POST of its own."));
        }

        try
        {
            // Escapes can spell half of a surrogate pair, which no string can hold: found here, it has a name; later it is a 500.
            if (body.IndexOf("\\u"u8) >= 0 && UnpairedSurrogate(body) is { } field)
            {
                return (null, RpcFault.InvalidRequest($"Invalid request: the text of '{field}' contains an unpaired surrogate, which is not Unicode."));
            }

            var message = JsonSerializer.Deserialize(body, MessageType);
            return message switch
            {
                null or JsonRpcRequest { Id.Id: null } => (null, RpcFault.InvalidRequest("Invalid request: the body is no JSON-RPC message, or its id is null.")),
                // JSON-RPC has arrays there too; MCP names every parameter.
                JsonRpcRequest { Params: not null and not JsonObject } request =>
                    (null, RpcFault.InvalidRequest("Invalid request: 'params' must be an object.") with { Id = request.Id }),
                JsonRpcNotification { Params: not null and not JsonObject } => (null, RpcFault.InvalidRequest("Invalid request: 'params' must be an object.")),
                _ => (message, null),
            };
        }
        catch (Exception ex) when (ex is JsonException or InvalidOperationException or FormatException)
        {
            return (null, Diagnose(body));
        }
    }

    /// <summary>Only reached for a refused body: tells text that is no JSON from JSON that is no message.</summary>
    private static RpcFault Diagnose(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        JsonDocument document;
        try
        {
            document = JsonDocument.ParseValue(ref reader);
            if (body[(int)reader.BytesConsumed..].IndexOfAnyExcept(" \t\r\n"u8) >= 0)
            {
                document.Dispose();
                return RpcFault.ParseError($"Parse error: text follows the JSON value at byte {reader.BytesConsumed}.");
            }
        }
        catch (JsonException ex)
        {
            return RpcFault.ParseError($"Parse error: the body is not JSON (line {ex.LineNumber}, byte {ex.BytePositionInLine}).");
        }

        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return RpcFault.InvalidRequest("Invalid request: a JSON-RPC message is a JSON object.");
            }

            if (!root.TryGetProperty("jsonrpc", out var version) || version.ValueKind != JsonValueKind.String || !version.ValueEquals("2.0"))
            {
                return RpcFault.InvalidRequest("Invalid request: 'jsonrpc' must be \"2.0\".") with { Id = ReadId(root) };
            }

            if (root.TryGetProperty("id", out var id) && id.ValueKind is not (JsonValueKind.String or JsonValueKind.Number))
            {
                return RpcFault.InvalidRequest("Invalid request: 'id' must be a string or an integer; leave it out for a notification.");
            }

            return RpcFault.InvalidRequest(
                "Invalid request: a message needs 'method' (a string, with 'params' an object), or 'id' with 'result' or 'error'.") with
            { Id = ReadId(root) };
        }
    }

    private static RequestId ReadId(JsonElement root)
    {
        if (!root.TryGetProperty("id", out var id))
        {
            return default;
        }

        return id.ValueKind switch
        {
            JsonValueKind.String => new RequestId(id.GetString()!),
            JsonValueKind.Number when id.TryGetInt64(out var number) => new RequestId(number),
            _ => default,
        };
    }

    /// <summary>The name of the property whose name or value holds half a surrogate pair; null when every string is Unicode.</summary>
    private static string? UnpairedSurrogate(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        var property = "body";
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String))
            {
                continue;
            }

            try
            {
                var text = reader.ValueIsEscaped || reader.TokenType == JsonTokenType.PropertyName ? reader.GetString() : null;
                property = reader.TokenType == JsonTokenType.PropertyName ? text! : property;
            }
            catch (InvalidOperationException)
            {
                return property;
            }
        }

        return null;
    }

    private static RpcFault TooLarge(int maxBytes) => new(StatusCodes.Status413PayloadTooLarge, RpcFault.ServerError,
        $"The request body is larger than {maxBytes} bytes. Send less in one call ({McpTransportOptions.Section}:MaxRequestBytes is the limit).");
}
