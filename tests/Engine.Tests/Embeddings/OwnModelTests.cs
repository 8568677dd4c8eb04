using Engram.Engine.Embeddings;

namespace Engram.Engine.Tests.Embeddings;

/// <summary>Models of the BERT family from a folder, with a model of eight tokens and three dimensions.</summary>
public sealed class OwnModelTests : IDisposable
{
    private static readonly string[] s_vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "one", "two", "four", "##teen"];

    // Distinct sums, so that every token, its count and the padding would show in a mean.
    private static readonly float[] s_tokenVectors = [9, 9, 9, 0, 0, 7, 1, 0, 0, 0, 1, 0, 1, 2, 3, 2, -1, 5, 4, 4, -2, 0, 3, 1];

    private readonly string _folder = Directory.CreateTempSubdirectory("tiny-bert-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_vector_is_the_normalised_mean_over_the_tokens_and_not_over_the_padding()
    {
        SaveModel(TokenModel());
        using var embedder = Load();

        // [CLS] one two ##teen [SEP]
        float[] mean = Normalised([1 + 1 + 2 + 0 + 0, 0 + 2 - 1 + 3 + 1, 0 + 3 + 5 + 1 + 0]);
        AssertClose(mean, embedder.Embed("ONE twoteen"));

        // Close enough in length to share a batch, so the first one is padded.
        var batched = embedder.EmbedBatched(["one two", "one twoteen"]);
        AssertClose(Normalised([4, 2, 8]), batched[0]);
        AssertClose(mean, batched[1]);
        Assert.Equal(3, embedder.Dimensions);
    }

    [Fact]
    public void The_size_and_the_identity_come_from_the_file()
    {
        SaveModel(TokenModel());
        string first;
        using (var embedder = Load())
        {
            first = embedder.ModelId;
            Assert.Matches($"^{Path.GetFileName(_folder)}-[0-9a-f]{{8}}$", first);
        }

        SaveModel(TokenModel(scale: 2));
        using var changed = Load();
        Assert.NotEqual(first, changed.ModelId);
    }

    [Fact]
    public void A_model_without_segment_input_and_with_a_sentence_output_works()
    {
        SaveModel(new OnnxFile()
            .Input("input_ids", OnnxFile.Int64, "batch", "tokens")
            .Constant("table", [8, 3], s_tokenVectors)
            .Node("Gather", ["table", "input_ids"], "vectors")
            .Node("ReduceMax", ["vectors"], "sentence_embedding", ("axes", [1]), ("keepdims", [0]))
            .Output("sentence_embedding", OnnxFile.Float, "batch", 3));
        using var embedder = Load();

        AssertClose(Normalised([4, 4, 3]), embedder.Embed("one four"));
    }

    [Fact]
    public void The_settings_of_published_models_are_followed()
    {
        SaveModel(TokenModel());
        Directory.CreateDirectory(Path.Combine(_folder, "1_Pooling"));
        File.WriteAllText(Path.Combine(_folder, "1_Pooling", "config.json"), """{"pooling_mode_cls_token": true}""");
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), """{"do_lower_case": false}""");
        File.WriteAllText(Path.Combine(_folder, "sentence_bert_config.json"), """{"max_seq_length": 7}""");
        using var embedder = Load();

        Assert.Equal(7, embedder.MaxTokens);
        AssertClose([1, 0, 0], embedder.Embed("one two"));
        Assert.Equal(3, embedder.Chunker.CountTokens("ONE"));
        Assert.Equal(2, embedder.Chunker.Split("one two four one two four one two").Count);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        Assert.Contains("model.onnx", Assert.Throws<EmbeddingModelException>(Load).Message);
        File.WriteAllText(Path.Combine(_folder, "model.onnx"), "");
        var failure = Assert.Throws<EmbeddingModelException>(Load);
        Assert.Contains("vocab.txt", failure.Message);
        Assert.Contains("Engram:Embeddings:Model", failure.Message);
    }

    [Fact]
    public void A_file_that_is_no_model_is_refused()
    {
        SaveModel(TokenModel());
        File.WriteAllText(Path.Combine(_folder, "model.onnx"), "this is not a model");

        Assert.Contains("model.onnx", Assert.Throws<EmbeddingModelException>(Load).Message);
    }

    [Fact]
    public void Inputs_and_outputs_of_another_kind_are_refused_by_name()
    {
        SaveModel(TokenModel().Input("position_ids", OnnxFile.Int64, "batch", "tokens"));
        Assert.Contains("wants the input 'position_ids'", Assert.Throws<EmbeddingModelException>(Load).Message);

        SaveModel(Gathering("ids", OnnxFile.Int64));
        Assert.Contains("input_ids", Assert.Throws<EmbeddingModelException>(Load).Message);

        SaveModel(Gathering("input_ids", OnnxFile.Int32));
        Assert.Contains("int64", Assert.Throws<EmbeddingModelException>(Load).Message);

        SaveModel(new OnnxFile()
            .Input("input_ids", OnnxFile.Int64, "batch", "tokens")
            .Node("Identity", ["input_ids"], "copy")
            .Output("copy", OnnxFile.Int64, "batch", "tokens"));
        Assert.Contains("sentence_embedding", Assert.Throws<EmbeddingModelException>(Load).Message);
    }

    [Fact]
    public void Malformed_settings_are_refused_by_file()
    {
        SaveModel(TokenModel());
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), "{");

        Assert.Contains("tokenizer_config.json", Assert.Throws<EmbeddingModelException>(Load).Message);
    }

    private static OnnxFile Gathering(string input, int type) => new OnnxFile()
        .Input(input, type, "batch", "tokens")
        .Constant("table", [8, 3], s_tokenVectors)
        .Node("Gather", ["table", input], "last_hidden_state")
        .Output("last_hidden_state", OnnxFile.Float, "batch", "tokens", 3);

    /// <summary>Token vectors plus a segment vector that is zero only for segment 0.</summary>
    private static OnnxFile TokenModel(float scale = 1) => new OnnxFile()
        .Input("input_ids", OnnxFile.Int64, "batch", "tokens")
        .Input("attention_mask", OnnxFile.Int64, "batch", "tokens")
        .Input("token_type_ids", OnnxFile.Int64, "batch", "tokens")
        .Constant("table", [8, 3], Array.ConvertAll(s_tokenVectors, value => value * scale))
        .Constant("segments", [2, 3], 0, 0, 0, 50, 60, 70)
        .Node("Gather", ["table", "input_ids"], "words")
        .Node("Gather", ["segments", "token_type_ids"], "kinds")
        .Node("Add", ["words", "kinds"], "last_hidden_state")
        .Output("last_hidden_state", OnnxFile.Float, "batch", "tokens", 3);

    private static float[] Normalised(float[] vector)
    {
        var norm = MathF.Sqrt(vector.Sum(value => value * value));
        return Array.ConvertAll(vector, value => value / norm);
    }

    private static void AssertClose(float[] expected, float[] actual) =>
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));

    private OnnxEmbedder Load() => new(new EmbeddingOptions { Model = _folder, CacheSize = 0 });

    private void SaveModel(OnnxFile model)
    {
        model.Save(Path.Combine(_folder, "model.onnx"));
        File.WriteAllLines(Path.Combine(_folder, "vocab.txt"), s_vocabulary);
    }
}
