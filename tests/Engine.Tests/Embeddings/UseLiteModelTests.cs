using System.Numerics.Tensors;
using Engram.Engine.Embeddings;

namespace Engram.Engine.Tests.Embeddings;

public sealed class UseLiteModelTests
{
    [Theory]
    [InlineData(EmbeddingOptions.UseLiteFp32, 0.99999)]
    [InlineData(EmbeddingOptions.UseLiteInt8, 0.99)]
    public void Vectors_are_those_of_the_original_model(string model, double least)
    {
        using var embedder = new OnnxEmbedder(new EmbeddingOptions { Model = model });

        foreach (var (columns, text) in ReferenceData.Rows("use-lite.tsv"))
        {
            var expected = Array.ConvertAll(ReferenceData.Ids(columns[0]), value => value / 10_000f);
            var cosine = TensorPrimitives.CosineSimilarity(expected, embedder.Embed(text));
            Assert.True(cosine >= least, $"cosine {cosine} for: {text}");
        }
    }

    [Theory]
    [InlineData(EmbeddingOptions.UseLiteFp32)]
    [InlineData(EmbeddingOptions.UseLiteInt8)]
    public void An_unknown_character_changes_a_vector_but_little(string model)
    {
        using var embedder = new OnnxEmbedder(new EmbeddingOptions { Model = model });

        var cosine = TensorPrimitives.Dot<float>(
            embedder.Embed("My dog 🐶 is called Rex and she lives in Berlin"), embedder.Embed("My dog is called Rex and she lives in Berlin"));

        Assert.InRange(cosine, 0.9f, 0.99999f);
    }

    [Fact]
    public void The_two_variants_agree_on_what_is_similar()
    {
        using var fp32 = new OnnxEmbedder(new EmbeddingOptions { Model = EmbeddingOptions.UseLiteFp32 });
        using var int8 = new OnnxEmbedder(new EmbeddingOptions());

        foreach (var embedder in new[] { fp32, int8 })
        {
            var dog = embedder.Embed("I have a dog named Rex.");
            Assert.InRange(TensorPrimitives.Dot<float>(dog, embedder.Embed("My dog is called Rex.")), 0.8f, 1f);
            Assert.InRange(TensorPrimitives.Dot<float>(dog, embedder.Embed("The stock market fell today.")), -1f, 0.2f);
        }
    }
}
