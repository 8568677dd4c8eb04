using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Engram.McpServer.Transport;

/// <summary>Accept and Content-Type: a POST must accept JSON and an event stream, a GET an event stream, and a body must be JSON.</summary>
internal static class ContentNegotiation
{
    private const string Json = "application/json";
    private const string EventStream = "text/event-stream";

    // What nearly every client sends, compared before anything is parsed.
    private const string UsualAccept = "application/json, text/event-stream";

    public static RpcFault? CheckPost(HttpRequest request)
    {
        var accept = request.Headers.Accept;
        if (accept != UsualAccept && !(Accepts(accept, Json) && Accepts(accept, EventStream)))
        {
            return new RpcFault(StatusCodes.Status406NotAcceptable, RpcFault.ServerError,
                $"Not acceptable: a POST must send 'Accept: {UsualAccept}'.");
        }

        return CheckBody(request);
    }

    public static RpcFault? CheckBody(HttpRequest request)
    {
        if (request.ContentType != Json && !IsJson(request.ContentType))
        {
            return new RpcFault(StatusCodes.Status415UnsupportedMediaType, RpcFault.ServerError,
                $"Unsupported media type: a POST must send 'Content-Type: {Json}'.");
        }

        string? encoding = request.Headers.ContentEncoding;
        if (string.IsNullOrEmpty(encoding) || encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        // RFC 9110, section 15.5.16: how a client finds out that it was the coding.
        request.HttpContext.Response.Headers.AcceptEncoding = "identity";
        return new RpcFault(StatusCodes.Status415UnsupportedMediaType, RpcFault.ServerError, "Unsupported content coding: send the body uncompressed.");
    }

    public static RpcFault? CheckGet(HttpRequest request) => Accepts(request.Headers.Accept, EventStream)
        ? null
        : new RpcFault(StatusCodes.Status406NotAcceptable, RpcFault.ServerError,
            $"Not acceptable: a GET must send 'Accept: {EventStream}'.");

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var parsed)
        && parsed.MediaType.Equals(Json, StringComparison.OrdinalIgnoreCase)
        && (!parsed.Charset.HasValue || parsed.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            || parsed.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase));

    private static bool Accepts(StringValues header, string mediaType)
    {
        if (!MediaTypeHeaderValue.TryParseList(header, out var accepted))
        {
            return false;
        }

        foreach (var range in accepted)
        {
            // q=0 means "never this".
            if (range.MatchesMediaType(mediaType) && range.Quality is null or > 0)
            {
                return true;
            }
        }

        return false;
    }
}
