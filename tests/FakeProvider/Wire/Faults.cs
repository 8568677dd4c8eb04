using System.Text.Json.Nodes;
using Engram.FakeProvider.Replies;

namespace Engram.FakeProvider.Wire;

/// <summary>Everything that can go wrong with a reply, on either wire, streamed or not.</summary>
internal sealed class Faults(HttpContext context, IChatWire wire, JsonObject body, Ask ask)
{
    /// <summary>What <c>fault-oversized</c> sends in all, bytes.</summary>
    private const long Oversize = 64L << 20;

    /// <summary>How <c>fault-slow-drip</c> drips: always sooner than any sensible idle time-out.</summary>
    private static readonly TimeSpan Drip = TimeSpan.FromMilliseconds(150);

    /// <returns>Whether the reply is done with.</returns>
    public async Task<bool> PlayAsync(Script script, Act act)
    {
        switch (act)
        {
            case Act.Answer or Act.EmptyText:
                return false;
            case Act.Status:
                if (script.Status is 429 or 503 or 529)
                {
                    context.Response.Headers.RetryAfter = "1";
                }

                await Json.WriteAsync(context, script.Status, wire.Error(script.Status, $"The model '{ask.Model}' was asked for status {script.Status}."));
                return true;
            case Act.StreamError when !ask.Stream:
                await Json.WriteAsync(context, 503, wire.Error(503, "Overloaded."));
                return true;
            case Act.Hang:
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
                return true;
            case Act.Empty:
                context.Response.ContentType = ask.Stream ? "text/event-stream" : Json.MediaType;
                return true;
            case Act.WrongShape when !ask.Stream:
                await Json.WriteAsync(context, 200, new JsonObject { ["result"] = "ok", ["choices"] = "none", ["content"] = 7 });
                return true;
            case Act.Malformed when !ask.Stream:
                context.Response.ContentType = Json.MediaType;
                await context.Response.WriteAsync("<html><body>{\"choices\": [ upstream error", context.RequestAborted);
                return true;
            default:
                await (ask.Stream ? StreamAsync(act) : WholeAsync(act));
                return true;
        }
    }

    public static void StartStream(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
    }

    public static async Task SendAsync(HttpContext context, string text)
    {
        await context.Response.WriteAsync(text, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    /// <summary>A reply that begins well and goes wrong on its way.</summary>
    private async Task WholeAsync(Act act)
    {
        var text = wire.Whole(ask, Replier.Reply("fake-answer", ask.Prompt)).ToJsonString();
        context.Response.ContentType = Json.MediaType;
        switch (act)
        {
            case Act.Reset:
                context.Response.ContentLength = text.Length + 1;
                await SendAsync(context, text[..(text.Length / 2)]);
                context.Abort();
                break;
            case Act.SlowDrip:
                // Whitespace before a JSON value is legal: the reply stays good and never ends.
                await DripAsync(() => " ");
                break;
            case Act.Oversized:
                await SendAsync(context, "{\"padding\":\"");
                await FloodAsync(() => new string('x', 1 << 16));
                await SendAsync(context, string.Concat("\",", text.AsSpan(1)));
                break;
        }
    }

    private async Task StreamAsync(Act act)
    {
        var frames = wire.Frames(body, ask, Replier.Reply("fake-answer", ask.Prompt)).ToList();
        var piece = frames.FindIndex(frame => frame.Contains("\"content\":\"", StringComparison.Ordinal) || frame.Contains("text_delta", StringComparison.Ordinal));
        StartStream(context);
        if (act is Act.WrongShape)
        {
            await SendAsync(context, "event: message\ndata: {\"result\":\"ok\",\"choices\":\"none\",\"type\":7}\n\ndata: [DONE]\n\n");
            return;
        }

        foreach (var frame in frames[..(piece + 1)])
        {
            await SendAsync(context, frame);
        }

        switch (act)
        {
            case Act.Reset:
                context.Abort();
                break;
            case Act.StreamError:
                await SendAsync(context, wire.ErrorFrame());
                break;
            case Act.Malformed:
                await SendAsync(context, "event: content_block_delta\ndata: {\"choices\":[{\"delta\": upstream error\n\n");
                break;
            case Act.SlowDrip:
                await DripAsync(() => frames[piece]);
                break;
            case Act.Oversized:
                var filler = wire.Frames(body, ask, new Reply(new string('x', 24), 1, 6)).First(frame => frame.Contains("xxxx", StringComparison.Ordinal));
                var block = string.Concat(Enumerable.Repeat(filler, (1 << 16) / filler.Length));
                await FloodAsync(() => block);
                break;
        }
    }

    private async Task DripAsync(Func<string> drop)
    {
        while (true)
        {
            await SendAsync(context, drop());
            await Task.Delay(Drip, context.RequestAborted);
        }
    }

    private async Task FloodAsync(Func<string> block)
    {
        for (long sent = 0; sent < Oversize;)
        {
            var text = block();
            await SendAsync(context, text);
            sent += text.Length;
        }
    }
}
