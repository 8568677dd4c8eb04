using System.Diagnostics;
using System.Text.Json;
using Engram.Engine.Latency;

namespace Engram.Api.Http;

/// <summary>Serializes into a buffer first: then its time and its length are known when the headers go out.</summary>
internal sealed class BufferedJson(object value, int status = StatusCodes.Status200OK, string? location = null) : IResult, IValueHttpResult
{
    public object Value => value;

    public Task ExecuteAsync(HttpContext context)
    {
        var timer = context.Features.Get<OpTimer>()!;
        var started = Stopwatch.GetTimestamp();
        var bytes = JsonSerializer.SerializeToUtf8Bytes(value, ApiJson.Wire.GetTypeInfo(value.GetType())!);
        timer.Add(Hop.Serialize, started, Stopwatch.GetTimestamp());
        context.Response.StatusCode = status;
        if (location is not null)
            context.Response.Headers.Location = location;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }
}
