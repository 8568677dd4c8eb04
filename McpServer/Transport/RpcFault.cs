using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace Engram.McpServer.Transport;

/// <summary>
/// A request that one of the transport's rules refuses: the HTTP status, and the JSON-RPC error the body carries. Every rule returns
/// one of these or null, so that the endpoint has a single place that writes refusals.
/// </summary>
internal sealed record RpcFault(int Status, int Code, string Message)
{
    /// <summary>JSON-RPC's range for server-defined errors; what the SDKs use where no code of the specification fits.</summary>
    public const int ServerError = -32000;

    /// <summary>Not in the specification; the TypeScript and C# SDKs both know it as "session not found".</summary>
    public const int SessionNotFound = -32001;

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The id of the refused request, where it could be read; null otherwise, as JSON-RPC asks.</summary>
    public RequestId Id { get; init; }

    public JsonNode? Data { get; init; }

    public static RpcFault InvalidRequest(string message) =>
        new(StatusCodes.Status400BadRequest, (int)McpErrorCode.InvalidRequest, message);

    public static RpcFault ParseError(string message) =>
        new(StatusCodes.Status400BadRequest, (int)McpErrorCode.ParseError, message);

    public static RpcFault InvalidParams(string message) =>
        new(StatusCodes.Status400BadRequest, (int)McpErrorCode.InvalidParams, message);

    public static RpcFault HeaderMismatch(string message) =>
        new(StatusCodes.Status400BadRequest, (int)McpErrorCode.HeaderMismatch, message);

    public static RpcFault NoSession() =>
        new(StatusCodes.Status404NotFound, SessionNotFound,
            "Session not found: it ended, expired, or the server restarted. Send initialize again without Mcp-Session-Id.");

    public async Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        context.Response.ContentType = "application/json";
        context.Response.Headers.Remove("Content-Encoding");
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter, Relaxed);
        json.WriteStartObject();
        json.WriteString("jsonrpc", "2.0");
        switch (Id.Id)
        {
            case string text:
                json.WriteString("id", text);
                break;
            case long number:
                json.WriteNumber("id", number);
                break;
            default:
                json.WriteNull("id");
                break;
        }

        json.WriteStartObject("error");
        json.WriteNumber("code", Code);
        json.WriteString("message", Message);
        if (Data is not null)
        {
            json.WritePropertyName("data");
            Data.WriteTo(json);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
