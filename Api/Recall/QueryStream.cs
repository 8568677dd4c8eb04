using System.Text.Json;
using Engram.Api.Http;
using Engram.Engine.Latency;
using Engram.Engine.Recall;
using Microsoft.AspNetCore.Http.Features;

namespace Engram.Api.Recall;

/// <summary>One piece of a streamed answer, in the form chat clients read.</summary>
public sealed record StreamChunk(IReadOnlyList<StreamChoice> Choices);

public sealed record StreamChoice(StreamDelta Delta);

public sealed record StreamDelta(string Content);

public sealed record StreamError(ProblemBody Error);

/// <summary>
/// The answer as server-sent events: its text in pieces as they come, then the whole response, then <c>[DONE]</c>. What goes wrong before the first
/// piece is a problem as everywhere; what goes wrong after it becomes an error frame, since the status is sent by then.
/// </summary>
internal sealed class QueryStream : IResult, IAsyncDisposable
{
    private static readonly byte[] Start = "data: "u8.ToArray();
    private static readonly byte[] End = "\n\n"u8.ToArray();

    private readonly IAsyncEnumerator<AnswerPart>? _parts;
    private readonly Func<SynthesizedAnswer?, QueryResponse> _whole;
    private bool _more;

    private QueryStream(IAsyncEnumerator<AnswerPart>? parts, Func<SynthesizedAnswer?, QueryResponse> whole) => (_parts, _whole) = (parts, whole);

    /// <summary>Waits for the first piece.</summary>
    /// <param name="parts">The answer on its way, or null: only retrieved.</param>
    /// <param name="whole">Makes the last frame.</param>
    /// <param name="cancellationToken">Cancels the answer.</param>
    public static async Task<QueryStream> StartAsync(IAsyncEnumerable<AnswerPart>? parts, Func<SynthesizedAnswer?, QueryResponse> whole, CancellationToken cancellationToken)
    {
        var stream = new QueryStream(parts?.GetAsyncEnumerator(cancellationToken), whole);
        try
        {
            stream._more = stream._parts is not null && await stream._parts.MoveNextAsync();
            return stream;
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    public async Task ExecuteAsync(HttpContext context)
    {
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        try
        {
            SynthesizedAnswer? answered = null;
            while (_more)
            {
                if (_parts!.Current is AnswerDelta delta)
                    await WriteAsync(context, JsonSerializer.SerializeToUtf8Bytes(new StreamChunk([new StreamChoice(new StreamDelta(delta.Text))]), ApiJson.Wire.StreamChunk));
                else if (_parts.Current is AnswerDone done)
                    answered = done.Result;
                _more = await _parts.MoveNextAsync();
            }

            byte[] whole;
            using (context.Features.Get<OpTimer>()?.Measure(Hop.Serialize))
                whole = JsonSerializer.SerializeToUtf8Bytes(_whole(answered), ApiJson.Wire.QueryResponse);
            await WriteAsync(context, whole);
            await WriteAsync(context, "[DONE]"u8.ToArray());
        }
        catch (Exception e) when (!context.RequestAborted.IsCancellationRequested)
        {
            var problem = RequestFrame.ProblemFor(e);
            if (problem is null)
                context.RequestServices.GetRequiredService<ILogger<QueryStream>>().RequestFailed(e, context.Request.Method, "/v1/query (stream)");
            await WriteAsync(context, JsonSerializer.SerializeToUtf8Bytes(new StreamError((problem ?? Problems.Internal()).BodyFor(context)), ApiJson.Wire.StreamError));
        }
        finally
        {
            await DisposeAsync();
        }
    }

    public ValueTask DisposeAsync() => _parts?.DisposeAsync() ?? ValueTask.CompletedTask;

    private static async Task WriteAsync(HttpContext context, byte[] data)
    {
        var body = context.Response.Body;
        await body.WriteAsync((byte[])[.. Start, .. data, .. End], context.RequestAborted);
        if (context.Features.Get<OpTimer>() is { } timer)
            timer.ResponseBytes = (timer.ResponseBytes ?? 0) + Start.Length + data.Length + End.Length;
        await body.FlushAsync(context.RequestAborted);
    }
}
