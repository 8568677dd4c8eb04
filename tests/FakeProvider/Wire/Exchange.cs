using System.Text.Json.Nodes;
using Engram.FakeProvider.Replies;

namespace Engram.FakeProvider.Wire;

/// <summary>One chat request, whichever wire it came over.</summary>
/// <param name="Model">As it was sent.</param>
/// <param name="Stream">Whether to stream the reply.</param>
/// <param name="Prompt">What is asked.</param>
internal sealed record Ask(string Model, bool Stream, Prompt Prompt);

/// <summary>A reply, with tokens counted at four characters each.</summary>
internal sealed record Reply(string Text, int InputTokens, int OutputTokens)
{
    /// <summary>The text in pieces of a few words, whose concatenation it is.</summary>
    public IEnumerable<string> Pieces() => Text.Chunk(24).Select(piece => new string(piece));
}

/// <summary>How one wire writes what another writes differently.</summary>
internal interface IChatWire
{
    string Name { get; }

    /// <summary>The key a request came with, or an empty string.</summary>
    string KeyOf(HttpRequest request);

    Ask? Read(JsonObject body, string? modelOfPath);

    JsonNode Error(int status, string message);

    JsonNode Whole(Ask ask, Reply reply);

    /// <summary>The frames of a streamed reply, each complete with its blank line.</summary>
    IEnumerable<string> Frames(JsonObject body, Ask ask, Reply reply);

    /// <summary>An error in the middle of a stream.</summary>
    string ErrorFrame();
}

/// <summary>The course of a request: the key, the script, the fault or the reply.</summary>
internal static class Exchange
{
    private static long _requests;

    public static async Task RunAsync(HttpContext context, IChatWire wire, string? modelOfPath = null)
    {
        var log = context.RequestServices.GetRequiredService<RequestLog>();
        var (body, text) = await Json.ReadAsync(context);
        var ask = body is null ? null : wire.Read(body, modelOfPath);
        var key = wire.KeyOf(context.Request);
        var seen = new SeenRequest(wire.Name, context.Request.Path, ask?.Model ?? "", key, ask?.Stream ?? false, text);
        var before = log.Add(seen);
        NameRequest(context);
        try
        {
            await AnswerAsync(context, wire, body, ask, key, before);
            seen.End(cancelled: false);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested)
        {
            seen.End(cancelled: true);
        }
    }

    /// <summary>Real providers name each request; people quote the name to them.</summary>
    public static void NameRequest(HttpContext context)
    {
        var id = $"req_fake_{Interlocked.Increment(ref _requests):d6}";
        context.Response.Headers["x-request-id"] = id;
        context.Response.Headers["request-id"] = id;
    }

    public static bool IsWrong(string key) => key.Length == 0 || key.Contains("wrong", StringComparison.OrdinalIgnoreCase);

    private static async Task AnswerAsync(HttpContext context, IChatWire wire, JsonObject? body, Ask? ask, string key, int before)
    {
        if (IsWrong(key))
        {
            await Json.WriteAsync(context, 401, wire.Error(401, "Incorrect API key provided."));
            return;
        }

        if (ask is null || body is null)
        {
            await Json.WriteAsync(context, 400, wire.Error(400, "The body must be JSON with 'model' and 'messages'."));
            return;
        }

        if (Script.Of(ask.Model) is not { } script)
        {
            await Json.WriteAsync(context, 404, wire.Error(404, $"The model '{ask.Model}' does not exist."));
            return;
        }

        if (script.Latency > TimeSpan.Zero)
        {
            await Task.Delay(script.Latency, context.RequestAborted);
        }

        var fault = new Faults(context, wire, body, ask);
        if (await fault.PlayAsync(script, script.ActFor(before)))
        {
            return;
        }

        var reply = Replier.Reply(script.ActFor(before) == Act.EmptyText ? "fault-empty-text" : script.Once && before > 0 ? "fake-answer" : script.Name, ask.Prompt);
        if (!ask.Stream)
        {
            await Json.WriteAsync(context, 200, wire.Whole(ask, reply));
            return;
        }

        Faults.StartStream(context);
        foreach (var frame in wire.Frames(body, ask, reply))
        {
            await Faults.SendAsync(context, frame);
        }
    }
}
