using System.Text.Json;
using Engram.Engine.Providers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Tests.Providers;

/// <summary>Servers that speak OpenAI's wire format with an accent, as the SDK alone would not understand them.</summary>
public sealed class NearlyCompatibleTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("""{"choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"eos"}]}""", "stop")]
    [InlineData("""{"choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":""}]}""", "stop")]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"hello"},"finish_reason":null}],"usage":{"prompt_tokens":1}}""", "stop")]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"hello"},"finish_reason":"MAX_TOKENS"}]}""", "length")]
    [InlineData("""{"id":null,"created":1.5,"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}""", "stop")]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"hello","tool_calls":null},"finish_reason":"stop","logprobs":null}],"usage":null}""", "stop")]
    public async Task A_whole_reply_is_understood(string reply, string finish)
    {
        await using var server = await RawServer.StartAsync(context => Answer(context, "application/json", reply));
        using var rig = new ProviderRig(server.Root);
        using var chat = rig.Chat("together", "m");

        var response = await chat.Client.GetResponseAsync("Hello", null, Cancel);

        Assert.Equal(("hello", finish), (response.Text, response.FinishReason?.Value));
    }

    [Theory]
    [InlineData("""
        data: {"choices":[{"delta":{"role":"assistant","content":"hel"},"finish_reason":""}]}

        data: {"choices":[{"delta":{"content":"lo"},"finish_reason":"eos"}]}

        data: [DONE]

        """)]
    [InlineData("""
        data: {"choices":[{"delta":{"role":"","content":"hello"}}]}

        data:{"choices":[{"delta":{"role":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":1}}

        data: [DONE]

        """)]
    [InlineData("""
        : a comment

        event: message
        data: {"choices":[{"delta":{"role":null,"content":"hello","reasoning_content":"thought"}}]}

        data: {"choices":[{"delta":null,"finish_reason":"stop"}]}

        data: [DONE]

        """)]
    public async Task A_streamed_reply_is_understood(string reply)
    {
        await using var server = await RawServer.StartAsync(context => Answer(context, "text/event-stream", reply + "\n"));
        using var rig = new ProviderRig(server.Root);
        using var chat = rig.Chat("openai-compatible", "m");
        var text = "";

        await foreach (var update in chat.Client.GetStreamingResponseAsync("Hello", null, Cancel))
            text += update.Text;

        Assert.Equal("hello", text);
    }

    [Fact]
    public async Task A_piece_is_handed_on_when_it_comes_and_not_when_the_next_does()
    {
        var goOn = new TaskCompletionSource();
        await using var server = await RawServer.StartAsync(async context =>
        {
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync("data: {\"choices\":[{\"delta\":{\"content\":\"first\"}}]}\n\n");
            await context.Response.Body.FlushAsync();
            await goOn.Task;
            await context.Response.WriteAsync("data: {\"choices\":[{\"delta\":{\"content\":\" last\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
        });
        using var rig = new ProviderRig(server.Root);
        using var chat = rig.Chat("vllm", "m");
        var text = "";

        await foreach (var update in chat.Client.GetStreamingResponseAsync("Hello", null, Cancel))
        {
            text += update.Text;
            if (text == "first")
                goOn.SetResult();
        }

        Assert.Equal("first last", text);
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"role":"assistant","content":"hello"},"finish_reason":"error"}]}""")]
    [InlineData("""{"error":{"message":"no","code":502}}""")]
    [InlineData("""[]""")]
    [InlineData("""{"choices":[]}""")]
    [InlineData("""{"choices":[1],"choices":[2]}""")]
    public async Task What_is_really_wrong_stays_wrong(string reply)
    {
        await using var server = await RawServer.StartAsync(context => Answer(context, "application/json", reply));
        using var rig = new ProviderRig(server.Root);
        using var chat = rig.Chat("together", "m");

        var fault = (await Assert.ThrowsAsync<ProviderException>(() => chat.Client.GetResponseAsync("Hello", null, Cancel))).Fault;

        Assert.Equal(ProviderFaultKind.Malformed, fault.Kind);
    }

    [Theory]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}""", true)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}},"required":[],"additionalProperties":false}""", false)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}""", false)]
    [InlineData("""{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{}}}},"required":["a"],"additionalProperties":false}""", false)]
    [InlineData("""{"type":["object","null"],"properties":{},"additionalProperties":false}""", true)]
    [InlineData("""{"type":"object"}""", false)]
    public void A_schema_is_asked_for_strictly_only_where_openai_would_take_it(string schema, bool strict)
    {
        using var document = JsonDocument.Parse(schema);

        Assert.Equal(strict, StrictSchema.Fits(document.RootElement));
    }

    private static Task Answer(HttpContext context, string type, string body)
    {
        context.Response.ContentType = type;
        return context.Response.WriteAsync(body);
    }
}
