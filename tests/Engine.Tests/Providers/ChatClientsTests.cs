using System.Text.Json;
using System.Text.Json.Nodes;
using Engram.Engine.Latency;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Tests.Providers;

/// <summary>The official SDKs, unmodified, over the wire to the fake provider.</summary>
public sealed class ChatClientsTests(FakeProviderFixture fake) : IClassFixture<FakeProviderFixture>
{
    private const string Question = """
        <memory id="1">Ada Lovelace lives in Paris, in a small house near the river Seine, together with her two cats.</memory>
        <question>Where does Ada Lovelace live?</question>
        """;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    [InlineData("azure-openai")]
    [InlineData("gemini")]
    public async Task A_reply_comes_with_its_text_and_the_providers_own_count_of_tokens(string provider)
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var chat = rig.Chat(provider, "fake-answer");

        var response = await chat.Client.GetResponseAsync([new(ChatRole.System, "Answer."), new(ChatRole.User, Question)], null, Cancel);

        Assert.NotEmpty(response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        var call = rig.OnlyCall();
        Assert.Equal((response.Usage!.InputTokenCount, response.Usage.OutputTokenCount), (call.InputTokens, call.OutputTokens));
        Assert.True(call.InputTokens > 10 && call.OutputTokens > 0);
        Assert.Equal((provider, "fake-answer", 1, null), (call.Provider, call.Model, call.Attempts, call.Fault));
        Assert.Equal(rig.Tenant, call.Context.Tenant);
        Assert.Equal("synthesize", Assert.Single(rig.Timer.Hops(), hop => hop.Hop == Hop.LlmCall).Label);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    [InlineData("azure-openai")]
    public async Task A_streamed_reply_is_the_same_text_and_costs_the_same(string provider)
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var chat = rig.Chat(provider, "fake-answer");
        var whole = await chat.Client.GetResponseAsync(Question, null, Cancel);

        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in chat.Client.GetStreamingResponseAsync(Question, null, Cancel))
            updates.Add(update);

        Assert.True(updates.Count(update => update.Text.Length > 0) > 1);
        Assert.Equal(whole.Text, string.Concat(updates.Select(update => update.Text)));
        var calls = rig.Calls.ToArray();
        Assert.Equal((calls[0].InputTokens, calls[0].OutputTokens), (calls[1].InputTokens, calls[1].OutputTokens));
        Assert.NotNull(calls[1].FirstTokenMs);
        Assert.InRange(calls[1].FirstTokenMs!.Value, 0, calls[1].ElapsedMs);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task A_schema_reaches_the_provider_and_the_reply_holds_to_it(string provider)
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var chat = rig.Chat(provider, "fake-answer");
        Assert.True(chat.JsonSchema);
        using var schema = JsonDocument.Parse(
            """{"type":"object","properties":{"city":{"type":"string"},"sure":{"type":"boolean"}},"required":["city","sure"],"additionalProperties":false}""");

        var response = await chat.Client.GetResponseAsync(
            Question, new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema.RootElement, "place"), MaxOutputTokens = 99 }, Cancel);

        var reply = JsonNode.Parse(response.Text)!.AsObject();
        Assert.Equal(["city", "sure"], reply.Select(property => property.Key).Order(StringComparer.Ordinal));
        var body = JsonNode.Parse(Assert.Single(fake.Host.Requests.Of(rig.Key)).Body)!;
        Assert.Contains("city", body.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(99, (int)(body["max_completion_tokens"] ?? body["max_tokens"])!);
        if (provider == "openai")
        {
            Assert.True((bool)body["response_format"]!["json_schema"]!["strict"]!);
        }
    }
}
