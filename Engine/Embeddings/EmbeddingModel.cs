using System.Security.Cryptography;
using System.Text.Json;

namespace Engram.Engine.Embeddings;

/// <summary>How token vectors become one vector, for models that give token vectors.</summary>
internal enum Pooling
{
    /// <summary>The mean over the tokens of the text.</summary>
    Mean,

    /// <summary>The vector of the first token.</summary>
    FirstToken,
}

/// <summary>A model on disk: where it is, what it is called, and the tokenizer that goes with it.</summary>
/// <param name="Id">Stored with every vector; two models whose vectors must not be compared never share it.</param>
/// <param name="File">The ONNX file.</param>
/// <param name="Tokenizer">The tokenizer the model was trained with.</param>
/// <param name="Pooling">Used when the model gives token vectors.</param>
internal sealed record EmbeddingModel(string Id, string File, ITextTokenizer Tokenizer, Pooling Pooling)
{
    private const string ModelFile = "model.onnx";
    private const string PiecesFile = "pieces.tsv";
    private const string VocabularyFile = "vocab.txt";
    private const int UseLiteMaxTokens = 128;
    private const int DefaultBertMaxTokens = 256;
    private const int LongestBertText = 512;

    /// <summary>Finds the model that <see cref="EmbeddingOptions.Model"/> names.</summary>
    /// <exception cref="EmbeddingModelException">A file is missing or malformed.</exception>
    public static EmbeddingModel Find(string nameOrFolder)
    {
        var builtIn = nameOrFolder is EmbeddingOptions.UseLiteInt8 or EmbeddingOptions.UseLiteFp32;
        var folder = builtIn ? Path.Combine(AppContext.BaseDirectory, "models", nameOrFolder) : Path.GetFullPath(nameOrFolder);
        var model = Require(folder, ModelFile, nameOrFolder);
        if (builtIn)
        {
            return new EmbeddingModel(
                nameOrFolder, model, SentencePieceTokenizer.Load(Require(folder, PiecesFile, nameOrFolder), UseLiteMaxTokens), Pooling.Mean);
        }

        var vocabulary = Require(folder, VocabularyFile, nameOrFolder);
        var tokenizer = WordPieceTokenizer.Load(vocabulary, ReadsLowerCase(folder), ReadMaxTokens(folder));
        return new EmbeddingModel(IdOf(folder, model), model, tokenizer, ReadPooling(folder));
    }

    private static string Require(string folder, string file, string setting)
    {
        var path = Path.Combine(folder, file);
        return System.IO.File.Exists(path)
            ? path
            : throw new EmbeddingModelException(
                $"Engram:Embeddings:Model is '{setting}', but there is no file {path}. Use {EmbeddingOptions.UseLiteInt8}, " +
                $"{EmbeddingOptions.UseLiteFp32} or a folder that holds {ModelFile} and {VocabularyFile}.");
    }

    /// <summary>Folder name and the start of the file's SHA-256: another model under the same path gets another id.</summary>
    private static string IdOf(string folder, string model)
    {
        using var stream = System.IO.File.OpenRead(model);
        return $"{Path.GetFileName(Path.TrimEndingDirectorySeparator(folder))}-{Convert.ToHexStringLower(SHA256.HashData(stream))[..8]}";
    }

    private static bool ReadsLowerCase(string folder) =>
        ReadSetting(folder, "tokenizer_config.json", "do_lower_case") is not { ValueKind: JsonValueKind.False };

    private static Pooling ReadPooling(string folder) =>
        ReadSetting(folder, Path.Combine("1_Pooling", "config.json"), "pooling_mode_cls_token") is { ValueKind: JsonValueKind.True }
            ? Pooling.FirstToken
            : Pooling.Mean;

    private static int ReadMaxTokens(string folder)
    {
        var length = ReadSetting(folder, "sentence_bert_config.json", "max_seq_length") ?? ReadSetting(folder, "config.json", "max_position_embeddings");
        return length is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var tokens) && tokens > 2
            ? Math.Min(tokens, LongestBertText)
            : DefaultBertMaxTokens;
    }

    /// <summary>The settings files that published models carry are optional; a malformed one is an error, not a default.</summary>
    private static JsonElement? ReadSetting(string folder, string file, string key)
    {
        var path = Path.Combine(folder, file);
        if (!System.IO.File.Exists(path))
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(System.IO.File.ReadAllBytes(path));
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty(key, out var value)
                ? value.Clone()
                : null;
        }
        catch (JsonException exception)
        {
            throw new EmbeddingModelException($"{path} is not valid JSON.", exception);
        }
    }
}
