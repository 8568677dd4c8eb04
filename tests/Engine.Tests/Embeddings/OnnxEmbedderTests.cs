using System.Numerics.Tensors;
using Engram.Engine.Embeddings;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Tests.Embeddings;

public sealed class OnnxEmbedderTests : IDisposable
{
    private static readonly string[] s_texts =
        [.. Enumerable.Range(0, 40).Select(index => string.Concat(Enumerable.Repeat($"Sentence {index} about topic {index * 7 % 13}. ", 1 + (index % 9))))];

    private readonly OnnxEmbedder _embedder = new(new EmbeddingOptions { CacheSize = 0, MaxConcurrency = 2 });

    public void Dispose() => _embedder.Dispose();

    [Fact]
    public void The_model_names_itself_and_its_size()
    {
        var metadata = (EmbeddingGeneratorMetadata)_embedder.GetService(typeof(EmbeddingGeneratorMetadata))!;

        Assert.Equal(("use-lite-int8", 512), (_embedder.ModelId, _embedder.Dimensions));
        Assert.Equal(("use-lite-int8", 512), (metadata.DefaultModelId, metadata.DefaultModelDimensions));
        Assert.Same(_embedder, _embedder.GetService(typeof(OnnxEmbedder)));
        Assert.Null(_embedder.GetService(typeof(OnnxEmbedder), "key"));
    }

    [Fact]
    public async Task Many_callers_at_once_get_the_vectors_of_single_calls()
    {
        var alone = Array.ConvertAll(s_texts, text => _embedder.Embed(text));

        var together = new float[s_texts.Length][];
        await Parallel.ForAsync(0, s_texts.Length, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (index, cancellation) =>
        {
            await Task.Yield();
            together[index] = index % 2 == 0
                ? _embedder.Embed(s_texts[index], cancellation)
                : (await _embedder.GenerateAsync([s_texts[index]], cancellationToken: cancellation))[0].Vector.ToArray();
        });

        Assert.Equal(alone, together);
        Assert.Equal(alone, _embedder.Embed(s_texts));
        Assert.Equal(alone, (await _embedder.GenerateAsync(s_texts)).Select(embedding => embedding.Vector.ToArray()));
    }

    [Fact]
    public void Vectors_have_length_one()
    {
        Assert.All(_embedder.Embed(s_texts), vector => Assert.Equal(1f, TensorPrimitives.Norm<float>(vector), 1e-5f));
    }

    [Fact]
    public void Batched_vectors_stand_in_the_order_of_the_texts_and_hardly_differ()
    {
        using var fp32 = new OnnxEmbedder(new EmbeddingOptions { Model = EmbeddingOptions.UseLiteFp32, CacheSize = 0 });

        AssertBatched(fp32, least: 0.99999f);
        AssertBatched(_embedder, least: 0.99f);

        static void AssertBatched(OnnxEmbedder embedder, float least)
        {
            var batched = embedder.EmbedBatched(s_texts);
            for (var index = 0; index < s_texts.Length; index++)
            {
                Assert.InRange(TensorPrimitives.Dot<float>(embedder.Embed(s_texts[index]), batched[index]), least, 1.00001f);
            }
        }
    }

    [Fact]
    public void Only_the_first_tokens_of_a_long_text_count()
    {
        var text = string.Concat(Enumerable.Repeat("word ", 128));

        Assert.Equal(128, _embedder.MaxTokens);
        Assert.Equal(_embedder.Embed(text + "one ending"), _embedder.Embed(text + "quite another ending, and longer"));
    }

    [Theory]
    [InlineData("My dog is called Rex.", 1, 1)]
    [InlineData("My dog 🐶 is called Rex.", 0.85, 0.95)]
    [InlineData("我叫李明", 0, 0)]
    [InlineData("Привет мир", 0.5, 0.8)]
    [InlineData("   ", 0, 0)]
    [InlineData("", 0, 0)]
    public void A_text_in_an_unknown_script_is_known_to_be_one(string text, double least, double most)
    {
        Assert.InRange(_embedder.KnownShare(text), least, most);
    }

    [Fact]
    public async Task An_empty_text_is_refused()
    {
        Assert.Throws<ArgumentException>(() => _embedder.Embed(""));
        Assert.Throws<ArgumentException>(() => _embedder.EmbedBatched(["a", ""]));
        await Assert.ThrowsAsync<ArgumentException>(() => _embedder.GenerateAsync(["a", ""]));
    }

    [Fact]
    public async Task Another_model_or_size_than_the_loaded_one_is_refused()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _embedder.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 256 }));
        await Assert.ThrowsAsync<ArgumentException>(() => _embedder.GenerateAsync(["a"], new EmbeddingGenerationOptions { ModelId = "other" }));
        Assert.Single(await _embedder.GenerateAsync(["a"], new EmbeddingGenerationOptions { Dimensions = 512, ModelId = "use-lite-int8" }));
    }

    [Fact]
    public async Task Cancellation_stops_between_texts()
    {
        using var cancellation = new CancellationTokenSource();
        var asked = 0;
        IEnumerable<string> Texts()
        {
            foreach (var text in s_texts)
            {
                if (++asked == 3)
                {
                    cancellation.Cancel();
                }

                yield return text;
            }
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _embedder.GenerateAsync(Texts(), cancellationToken: cancellation.Token));
        Assert.Equal(3, asked);
        Assert.ThrowsAny<OperationCanceledException>(() => _embedder.EmbedBatched(s_texts, cancellation.Token));
    }

    [Fact]
    public void A_known_text_comes_from_the_cache_as_a_copy()
    {
        using var cached = new OnnxEmbedder(new EmbeddingOptions { CacheSize = 10 });
        var first = cached.Embed("hello");
        var expected = first.ToArray();
        first[0] = 42;

        var second = cached.Embed("hello");
        second[1] = 42;

        Assert.Equal(expected, cached.Embed("hello"));
        Assert.Equal((2, 1), (cached.Cache.Hits, cached.Cache.Misses));
    }

    [Fact]
    public void A_disposed_embedder_says_so()
    {
        var embedder = new OnnxEmbedder(new EmbeddingOptions { CacheSize = 0 });
        embedder.Dispose();
        embedder.Dispose();

        Assert.Throws<ObjectDisposedException>(() => embedder.Embed("hello"));
        Assert.Throws<ObjectDisposedException>(() => embedder.Embed("hello again, which must not hang"));
    }

    [Fact]
    public async Task The_model_is_loaded_before_the_services_of_the_host_start()
    {
        var loaded = false;
        var builder = QuietHost();
        builder.Services.AddHostedService(_ => new Probe(() => loaded));
        builder.Services.AddSingleton(_ =>
        {
            loaded = true;
            return new OnnxEmbedder(new EmbeddingOptions());
        });
        builder.Services.AddEngramEmbeddings();
        using var host = builder.Build();
        Assert.False(loaded);

        await host.StartAsync();

        Assert.True(host.Services.GetServices<IHostedService>().OfType<Probe>().Single().SawTheModel);
        await host.StopAsync();
    }

    [Fact]
    public async Task Registering_twice_gives_one_embedder_under_every_name()
    {
        var builder = QuietHost();
        builder.Services.AddEngramEmbeddings().AddEngramEmbeddings();
        using var host = builder.Build();

        await host.StartAsync();

        var embedder = host.Services.GetRequiredService<OnnxEmbedder>();
        Assert.Same(embedder, host.Services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>());
        Assert.Same(embedder.Chunker, host.Services.GetRequiredService<TextChunker>());
        Assert.Single(host.Services.GetServices<IHostedService>().OfType<EmbedderWarmUp>());
        await host.StopAsync();
    }

    [Theory]
    [InlineData("Engram:Embeddings:Model", "")]
    [InlineData("Engram:Embeddings:Threads", "0")]
    [InlineData("Engram:Embeddings:MaxConcurrency", "-1")]
    [InlineData("Engram:Embeddings:CacheSize", "-1")]
    public async Task A_wrong_setting_stops_the_host_and_is_named(string key, string value)
    {
        var builder = QuietHost();
        builder.Configuration.AddInMemoryCollection([new(key, value)]);
        builder.Services.AddEngramEmbeddings();
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Contains(key, failure.Message);
    }

    private static HostApplicationBuilder QuietHost()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        return builder;
    }

    private sealed class Probe(Func<bool> isLoaded) : IHostedService
    {
        public bool SawTheModel { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            SawTheModel = isLoaded();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
