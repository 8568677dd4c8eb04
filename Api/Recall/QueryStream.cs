using System.Text.Json;
using Engram.Api.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Engram.Api.Recall;

/// <summary>One piece of a streamed answer, in the form chat clients read.</summary>
public sealed record StreamChunk(IReadOnlyList<StreamChoice> Choices);

public sealed record StreamChoice(StreamDelta Delta);

public sealed record StreamDelta(string Content);

public sealed record StreamError(ProblemBody Error);

/// <summary>
/// The answer as server-sent events: its text in pieces, then the whole response, then <c>[DONE]</c>. What goes wrong after the first
/// byte becomes an error frame, since the status is sent by then.
/// </summary>
internal sealed class QueryStream(QueryResponse response) : IResult
{
    private static readonly byte[] Start = "data: "u8.ToArray();
    private static readonly byte[] End = "\n\n"u8.ToArray();

    public async Task ExecuteAsync(HttpContext context)
    {
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        try
        {
            foreach (var piece in Pieces(response.Answer ?? ""))
                await WriteAsync(context, JsonSerializer.SerializeToUtf8Bytes(new StreamChunk([new StreamChoice(new StreamDelta(piece))]), ApiJson.Wire.StreamChunk));
            await WriteAsync(context, JsonSerializer.SerializeToUtf8Bytes(response, ApiJson.Wire.QueryResponse));
            await WriteAsync(context, "[DONE]"u8.ToArray());
        }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
        {
            var problem = RequestFrame.ProblemFor(e);
            if (problem is null)
                context.RequestServices.GetRequiredService<ILogger<QueryStream>>().RequestFailed(e, context.Request.Method, "/v1/query (stream)");
            await WriteAsync(context, JsonSerializer.SerializeToUtf8Bytes(new StreamError((problem ?? Problems.Internal()).BodyFor(context)), ApiJson.Wire.StreamError));
        }
    }

    /// <summary>Sentence by sentence; the pieces joined are the answer.</summary>
    internal static IEnumerable<string> Pieces(string answer)
    {
        var start = 0;
        for (var i = 0; i < answer.Length - 1; i++)
        {
            if (answer[i] is '.' or '!' or '?' or '\n' && char.IsWhiteSpace(answer[i + 1]))
            {
                yield return answer[start..(i + 2)];
                start = i + 2;
                i++;
            }
        }

        if (start < answer.Length)
            yield return answer[start..];
    }

    private static async Task WriteAsync(HttpContext context, byte[] data)
    {
        var body = context.Response.Body;
        await body.WriteAsync((byte[])[.. Start, .. data, .. End], context.RequestAborted);
        await body.FlushAsync(context.RequestAborted);
    }
}
