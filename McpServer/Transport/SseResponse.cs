using Microsoft.AspNetCore.Http.Features;

namespace Engram.McpServer.Transport;

/// <summary>Headers of an event stream: never cached, never compressed, never held back by a buffer on the way.</summary>
internal static class SseResponse
{
    public static void Prepare(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentType = "text/event-stream";
        headers.CacheControl = "no-cache, no-store";
        headers.ContentEncoding = "identity";
        headers["X-Accel-Buffering"] = "no";
        context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
    }

    /// <summary>202 without a body: what a notification or a response is answered.</summary>
    public static void Accepted(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.Remove("Content-Type");
        headers.Remove("Content-Encoding");
        context.Response.StatusCode = StatusCodes.Status202Accepted;
    }
}
