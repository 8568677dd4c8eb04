using System.ComponentModel.DataAnnotations;

namespace Engram.Engine.Embeddings;

/// <summary>Section <c>Engram:Embeddings</c>: the local sentence encoder.</summary>
public sealed class EmbeddingOptions
{
    /// <summary>Name of the built-in model with 8-bit weights: the default (docs/decisions/0003-local-embedder.md has the measurements).</summary>
    public const string UseLiteInt8 = "use-lite-int8";

    /// <summary>Name of the built-in model with 32-bit weights: the vectors of the original model, three to four times slower.</summary>
    public const string UseLiteFp32 = "use-lite-fp32";

    /// <summary>
    /// <see cref="UseLiteInt8"/>, <see cref="UseLiteFp32"/>, or the path of a folder with a model of the BERT family:
    /// <c>model.onnx</c> and <c>vocab.txt</c>.
    /// </summary>
    [Required(ErrorMessage = "Engram:Embeddings:Model is empty: use-lite-int8, use-lite-fp32 or a folder with model.onnx and vocab.txt.")]
    public string Model { get; set; } = UseLiteInt8;

    /// <summary>Threads within one run of the model. 1 is best for short texts: more threads cost more than they bring.</summary>
    [Range(1, 64, ErrorMessage = "Engram:Embeddings:Threads must be from 1 to 64.")]
    public int Threads { get; set; } = 1;

    /// <summary>Runs of the model at the same time; further callers wait. 0 means one per processor.</summary>
    [Range(0, 256, ErrorMessage = "Engram:Embeddings:MaxConcurrency must be from 0 (one per processor) to 256.")]
    public int MaxConcurrency { get; set; }

    /// <summary>Vectors kept in memory for texts seen before (2 KB each with 512 dimensions); 0 switches the cache off.</summary>
    [Range(0, 10_000_000, ErrorMessage = "Engram:Embeddings:CacheSize must be from 0 (off) to 10000000.")]
    public int CacheSize { get; set; } = 4096;
}
