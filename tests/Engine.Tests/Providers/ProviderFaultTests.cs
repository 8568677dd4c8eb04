using Engram.Engine.Latency;
using Engram.Engine.Providers;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Tests.Providers;

/// <summary>Every kind of trouble, over both SDKs, whole and streamed: always a typed fault, never an exception of an SDK.</summary>
public sealed class ProviderFaultTests(FakeProviderFixture fake) : IClassFixture<FakeProviderFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string, bool, string, ProviderFaultKind, int?, int> Table()
    {
        var table = new TheoryData<string, bool, string, ProviderFaultKind, int?, int>();
        foreach (var provider in new[] { "openai", "anthropic" })
        {
            foreach (var stream in new[] { false, true })
            {
                void Row(string model, ProviderFaultKind kind, int? status, int attempts) => table.Add(provider, stream, model, kind, status, attempts);

                Row("fault-400", ProviderFaultKind.BadRequest, 400, 1);
                Row("fault-401", ProviderFaultKind.Auth, 401, 1);
                Row("fault-402", ProviderFaultKind.Auth, 402, 1);
                Row("fault-403", ProviderFaultKind.Auth, 403, 1);
                Row("fault-413", ProviderFaultKind.BadRequest, 413, 1);
                Row("no-such-model", ProviderFaultKind.BadRequest, 404, 1);
                Row("fault-408", ProviderFaultKind.Timeout, 408, 2);
                Row("fault-429", ProviderFaultKind.RateLimited, 429, 1);
                Row("fault-500", ProviderFaultKind.Unavailable, 500, 2);
                Row("fault-504", ProviderFaultKind.Timeout, 504, 2);
                Row("fault-hang", ProviderFaultKind.Timeout, null, 1);
                Row("fault-slow-drip", ProviderFaultKind.Timeout, null, 1);
                Row("fault-oversized", ProviderFaultKind.Malformed, 200, 1);
                Row("fault-empty", ProviderFaultKind.Malformed, 200, 1);
                Row("fault-empty-text", ProviderFaultKind.Malformed, 200, 1);
                Row("fault-malformed", ProviderFaultKind.Malformed, 200, 1);
                Row("fault-wrong-shape", ProviderFaultKind.Malformed, 200, 1);

                // Once a part of a stream is out, it cannot be begun again.
                Row("fault-reset", ProviderFaultKind.Reset, 200, stream ? 1 : 2);
                if (!stream)
                {
                    Row("fault-stream-error", ProviderFaultKind.Unavailable, 503, 2);
                }
            }
        }

        return table;
    }

    /// <summary>The deadline is the only thing that ends a provider that hangs or drips; 429 asks for a second, which is no matter of this table.</summary>
    [Theory]
    [MemberData(nameof(Table))]
    public async Task A_fault_is_typed(string provider, bool stream, string model, ProviderFaultKind kind, int? status, int attempts)
    {
        var endless = model is "fault-hang" or "fault-slow-drip";
        using var rig = new ProviderRig(fake.Host.Root, options =>
        {
            options.Attempts = model == "fault-429" ? 1 : 2;
            options.DeadlineSeconds = endless ? 2 : 30;
            options.MaxResponseBytes = 100_000;
        });
        using var chat = rig.Chat(provider, model);

        var fault = (await Assert.ThrowsAsync<ProviderException>(() => AskAsync(chat, stream))).Fault;

        Assert.Equal((kind, status, attempts), (fault.Kind, fault.UpstreamStatus, fault.Attempts));
        Assert.Equal((provider, model), (fault.Provider, fault.Model));
        Assert.NotEmpty(fault.Hint);
        Assert.DoesNotContain(rig.Key, fault.Hint, StringComparison.Ordinal);
        Assert.InRange(fault.ElapsedMs, 0.1, 29_000);
        Assert.Equal(model == "fault-429" ? TimeSpan.FromSeconds(1) : null, fault.RetryAfter);
        Assert.Equal(fault, rig.OnlyCall().Fault);
        Assert.Equal(attempts, rig.Timer.Hops().Count(hop => hop.Hop == Hop.LlmCall));
        Assert.Equal(attempts - 1, rig.Timer.Hops().Count(hop => hop.Hop == Hop.LlmWait));
        // The deadline may come before the request has.
        if (!endless)
            Assert.Equal(attempts, fake.Host.Requests.Of(rig.Key).Count);
    }

    [Theory]
    [InlineData("openai", ProviderFaultKind.Reset, 200)]
    [InlineData("anthropic", ProviderFaultKind.Unavailable, 529)]
    public async Task An_error_in_the_middle_of_a_stream_is_told_as_what_it_is(string provider, ProviderFaultKind kind, int status)
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var chat = rig.Chat(provider, "fault-stream-error");
        var text = "";

        var fault = (await Assert.ThrowsAsync<ProviderException>(async () =>
        {
            await foreach (var update in chat.Client.GetStreamingResponseAsync("Hello", null, Cancel))
                text += update.Text;
        })).Fault;

        Assert.Equal((kind, status, 1), (fault.Kind, fault.UpstreamStatus, fault.Attempts));
        Assert.NotEmpty(text);
        Assert.NotNull(rig.OnlyCall().FirstTokenMs);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task A_wrong_key_is_told_as_such_and_never_repeated(string provider)
    {
        using var rig = new ProviderRig(fake.Host.Root);
        const string key = "sk-wrong-0123456789";
        using var chat = rig.Chat(provider, "fake-answer", key);

        var exception = await Assert.ThrowsAsync<ProviderException>(() => AskAsync(chat, stream: false));

        Assert.Equal((ProviderFaultKind.Auth, 401, 1), (exception.Fault.Kind, exception.Fault.UpstreamStatus, exception.Fault.Attempts));
        Assert.DoesNotContain(key, exception.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(key, rig.OnlyCall().ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("openai", false)]
    [InlineData("openai", true)]
    [InlineData("anthropic", false)]
    [InlineData("anthropic", true)]
    public async Task A_limit_that_is_over_when_the_provider_said_so_is_not_a_fault(string provider, bool stream)
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var chat = rig.Chat(provider, "fault-429-once");

        Assert.NotEmpty(await AskAsync(chat, stream));

        var call = rig.OnlyCall();
        Assert.Equal((2, null), (call.Attempts, call.Fault));
        Assert.True(call.WaitMs >= 990, $"waited {call.WaitMs} ms");
        Assert.True(rig.Timer.Total(Hop.LlmWait).TotalMilliseconds >= 990, $"waited {rig.Timer.Total(Hop.LlmWait)}");
        Assert.Equal(2, rig.Timer.Hops().Count(hop => hop.Hop == Hop.LlmCall));
    }

    [Theory]
    [InlineData("openai", false)]
    [InlineData("openai", true)]
    [InlineData("anthropic", false)]
    [InlineData("anthropic", true)]
    public async Task Who_goes_away_takes_the_provider_along(string provider, bool stream)
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var chat = rig.Chat(provider, "fault-hang");
        using var caller = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var call = AskAsync(chat, stream, caller.Token);
        await Eventually.TrueAsync(() => fake.Host.Requests.Of(rig.Key).Count == 1);

        await caller.CancelAsync();

        var cancelled = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.Equal(caller.Token, cancelled.CancellationToken);
        await Eventually.TrueAsync(() => fake.Host.Requests.Of(rig.Key)[0].Cancelled);
        Assert.Null(rig.OnlyCall().Fault);
    }

    [Fact]
    public async Task A_reader_who_stops_reading_ends_the_stream_at_the_provider()
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var chat = rig.Chat("openai", "fault-slow-drip");

        await foreach (var update in chat.Client.GetStreamingResponseAsync("Hello", null, Cancel))
        {
            if (update.Text.Length > 0)
                break;
        }

        await Eventually.TrueAsync(() => fake.Host.Requests.Of(rig.Key)[0].Cancelled);
        Assert.Null(rig.OnlyCall().Fault);
        Assert.NotNull(rig.OnlyCall().FirstTokenMs);
    }

    [Fact]
    public async Task A_server_that_is_not_there_cannot_be_reached()
    {
        using var rig = new ProviderRig(new Uri("http://127.0.0.1:1"), options => options.Attempts = 2);
        using var chat = rig.Chat("openai-compatible", "any");

        var fault = (await Assert.ThrowsAsync<ProviderException>(() => AskAsync(chat, stream: false))).Fault;

        Assert.Equal((ProviderFaultKind.Unavailable, null, 2), (fault.Kind, fault.UpstreamStatus, fault.Attempts));
        Assert.Contains("No connection", fault.Hint, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_of_our_own_is_not_blamed_on_the_provider()
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var chat = rig.Chat("openai", "fake-answer");

        await Assert.ThrowsAsync<NotSupportedException>(() => chat.Client.GetResponseAsync(
            [new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "image/png")])], null, Cancel));
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task Testing_a_connection_tells_the_providers_own_words_and_not_the_key(string provider)
    {
        using var rig = new ProviderRig(fake.Host.Root);

        var good = await rig.Test.RunAsync(rig.Connection(provider), "fake-answer", rig.Context(), Cancel);
        var unknown = await rig.Test.RunAsync(rig.Connection(provider), "no-such-model", rig.Context(), Cancel);
        var refused = await rig.Test.RunAsync(rig.Connection(provider, "sk-wrong-0123456789"), "fake-answer", rig.Context(), Cancel);

        Assert.Equal((true, true, "fake-answer", null, null), (good.Ok, good.ModelFound, good.AnsweredBy, good.Fault, good.ProviderWords));
        Assert.True(good.LatencyMs > 0);
        Assert.Equal((false, false, "The model 'no-such-model' does not exist."), (unknown.Ok, unknown.ModelFound, unknown.ProviderWords));
        Assert.Equal((false, null, "Incorrect API key provided."), (refused.Ok, refused.ModelFound, refused.ProviderWords));
        Assert.Equal(3, rig.Calls.Count);
    }

    private static async Task<string> AskAsync(TenantChat chat, bool stream, CancellationToken? cancel = null)
    {
        if (!stream)
            return (await chat.Client.GetResponseAsync("Hello", null, cancel ?? Cancel)).Text;
        var text = "";
        await foreach (var update in chat.Client.GetStreamingResponseAsync("Hello", null, cancel ?? Cancel))
            text += update.Text;
        return text;
    }
}
