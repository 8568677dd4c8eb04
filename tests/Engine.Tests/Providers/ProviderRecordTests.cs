using System.Collections.Concurrent;
using System.Diagnostics;
using System.Numerics.Tensors;
using Engram.Engine.Providers;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Tests.Providers;

/// <summary>What is kept of a call: price, span, measurements; and embeddings, which are kept like any call.</summary>
public sealed class ProviderRecordTests(FakeProviderFixture fake) : IClassFixture<FakeProviderFixture>
{
    private const string Secret = "canary-in-the-prompt";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_costs_what_the_tenants_prices_say(bool stream)
    {
        using var rig = new ProviderRig(fake.Host.Root);
        var connection = rig.Connection("openai") with { Prices = new Dictionary<string, ModelPrice> { ["fake-answer"] = new(3, 15) } };
        using var chat = rig.Clients.Create(connection, "fake-answer", rig.Context());

        if (stream)
            await foreach (var _ in chat.Client.GetStreamingResponseAsync("Hello", null, Cancel)) ;
        else
            await chat.Client.GetResponseAsync("Hello", null, Cancel);

        var call = rig.OnlyCall();
        Assert.True(call.InputTokens > 0 && call.OutputTokens > 0);
        Assert.Equal(((call.InputTokens * 3m) + (call.OutputTokens * 15m)) / 1_000_000m, call.CostUsd);
    }

    [Fact]
    public async Task A_model_without_a_price_costs_nothing_known()
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var chat = rig.Chat("openai", "fake-answer");

        await chat.Client.GetResponseAsync("Hello", null, Cancel);

        Assert.Null(rig.OnlyCall().CostUsd);
    }

    [Theory]
    [InlineData("openai", "fake-answer", false, null)]
    [InlineData("openai", "fake-answer", true, null)]
    [InlineData("anthropic", "fake-answer", true, null)]
    [InlineData("openai", "fault-401", false, "auth")]
    [InlineData("anthropic", "fault-reset", true, "reset")]
    public async Task A_span_and_measurements_tell_of_each_call_and_never_its_words(string provider, string model, bool stream, string? error)
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var parent = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent.TraceId == parent.TraceId ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                if (span.TraceId == parent.TraceId)
                    spans.Enqueue(span);
            },
        };
        ActivitySource.AddActivityListener(listener);
        var seen = new ConcurrentQueue<(string Name, double Value, Dictionary<string, object?> Tags)>();
        using var meters = rig.Listen((name, value, tags) => seen.Enqueue((name, value, tags.ToDictionary())));
        using var chat = rig.Chat(provider, model);

        try
        {
            if (stream)
                await foreach (var _ in chat.Client.GetStreamingResponseAsync(Secret, null, Cancel)) ;
            else
                await chat.Client.GetResponseAsync(Secret, null, Cancel);
        }
        catch (ProviderException)
        {
        }

        var span = Assert.Single(spans, span => span.Source.Name == "Engram");
        Assert.Equal($"chat {model}", span.DisplayName);
        Assert.Equal(("chat", provider, model), (span.GetTagItem("gen_ai.operation.name"), span.GetTagItem("gen_ai.provider.name"), span.GetTagItem("gen_ai.request.model")));
        Assert.Equal(error, span.GetTagItem("error.type"));
        Assert.Equal(error is null ? ActivityStatusCode.Unset : ActivityStatusCode.Error, span.Status);
        var call = rig.OnlyCall();
        Assert.Equal((call.InputTokens, call.OutputTokens), ((long)span.GetTagItem("gen_ai.usage.input_tokens")!, (long)span.GetTagItem("gen_ai.usage.output_tokens")!));
        Assert.All(spans, one => Assert.DoesNotContain(one.TagObjects, tag => tag.Value?.ToString()?.Contains(Secret, StringComparison.Ordinal) == true));
        Assert.DoesNotContain(spans, one => one.Source.Name.StartsWith("OpenAI", StringComparison.Ordinal) || one.Source.Name.StartsWith("Anthropic", StringComparison.Ordinal));

        var duration = Assert.Single(seen, measured => measured.Name == "gen_ai.client.operation.duration");
        Assert.Equal(call.ElapsedMs, duration.Value * 1000, call.ElapsedMs);
        Assert.Equal(error, duration.Tags.GetValueOrDefault("error.type"));
        Assert.Equal("_OTHER", duration.Tags["gen_ai.request.model"]);
        Assert.Equal(error is null ? [call.InputTokens, call.OutputTokens] : [], seen.Where(measured => measured.Name == "gen_ai.client.token.usage").Select(measured => (long)measured.Value));
        Assert.Equal(stream, seen.Any(measured => measured.Name == "gen_ai.client.operation.time_to_first_chunk"));
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("azure-openai")]
    public async Task Embeddings_come_in_the_order_of_the_texts_and_are_recorded(string provider)
    {
        using var rig = new ProviderRig(fake.Host.Root);
        using var embedder = rig.Clients.CreateEmbeddings(rig.Connection(provider), "fake-embed", rig.Context())!;

        var vectors = await embedder.GenerateAsync(["the cat sat", "a quick brown fox", "the cat sat down"], new EmbeddingGenerationOptions { Dimensions = 64 }, Cancel);

        Assert.Equal(3, vectors.Count);
        Assert.All(vectors, vector => Assert.Equal((64, "fake-embed"), (vector.Vector.Length, vector.ModelId)));
        Assert.True(Similarity(vectors[0], vectors[2]) > Similarity(vectors[0], vectors[1]) + 0.3);
        Assert.Equal((vectors.Usage!.InputTokenCount!.Value, 1), (rig.OnlyCall().InputTokens, rig.OnlyCall().Attempts));
        Assert.Null(rig.OnlyCall().Fault);
    }

    [Theory]
    [InlineData("fault-401", ProviderFaultKind.Auth, 401)]
    [InlineData("fault-429", ProviderFaultKind.RateLimited, 429)]
    [InlineData("fault-503", ProviderFaultKind.Unavailable, 503)]
    [InlineData("no-such-model", ProviderFaultKind.BadRequest, 404)]
    [InlineData("fake-embed@60000ms", ProviderFaultKind.Timeout, null)]
    public async Task Embeddings_fail_with_the_same_kinds(string model, ProviderFaultKind kind, int? status)
    {
        using var rig = new ProviderRig(fake.Host.Root, options => options.DeadlineSeconds = status is null ? 0.3 : 30);
        using var embedder = rig.Clients.CreateEmbeddings(rig.Connection("openai"), model, rig.Context())!;

        var fault = (await Assert.ThrowsAsync<ProviderException>(() => embedder.GenerateAsync(["text"], null, Cancel))).Fault;

        Assert.Equal((kind, status, 1), (fault.Kind, fault.UpstreamStatus, fault.Attempts));
        Assert.Equal(fault, rig.OnlyCall().Fault);
    }

    [Fact]
    public void A_provider_without_embeddings_gives_none()
    {
        using var rig = new ProviderRig(fake.Host.Root);

        Assert.Null(rig.Clients.CreateEmbeddings(rig.Connection("anthropic"), "any", rig.Context()));
    }

    private static float Similarity(Embedding<float> a, Embedding<float> b) => TensorPrimitives.CosineSimilarity(a.Vector.Span, b.Vector.Span);
}
