using Engram.Engine.Embeddings;

namespace Engram.Engine.Tests.Embeddings;

public class EmbeddingCacheTests
{
    [Fact]
    public void The_number_of_vectors_is_bounded()
    {
        var cache = new EmbeddingCache(100);
        for (var index = 0; index < 10_000; index++)
        {
            cache.Add("model", $"text {index}", [index]);
            Assert.InRange(cache.Count, 1, 100);
        }
    }

    [Fact]
    public void A_text_in_use_outlives_texts_seen_once()
    {
        var cache = new EmbeddingCache(100);
        cache.Add("model", "often", [1]);
        for (var index = 0; index < 1_000; index++)
        {
            cache.Add("model", $"once {index}", [index]);
            Assert.Equal([1f], cache.Find("model", "often")!);
        }

        Assert.Null(cache.Find("model", "once 1"));
    }

    [Fact]
    public void Vectors_of_two_models_are_kept_apart()
    {
        var cache = new EmbeddingCache(10);
        cache.Add("a", "text", [1]);
        cache.Add("b", "text", [2]);

        Assert.Equal([1f], cache.Find("a", "text")!);
        Assert.Equal([2f], cache.Find("b", "text")!);
        Assert.Null(cache.Find("at", "ext"));
        Assert.Equal((2, 1), (cache.Hits, cache.Misses));
    }

    [Fact]
    public void A_size_of_zero_keeps_nothing()
    {
        var cache = new EmbeddingCache(0);
        cache.Add("model", "text", [1]);

        Assert.Null(cache.Find("model", "text"));
        Assert.Equal((0, 0, 0), (cache.Count, cache.Hits, cache.Misses));
    }
}
