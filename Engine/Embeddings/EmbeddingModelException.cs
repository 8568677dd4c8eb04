namespace Engram.Engine.Embeddings;

/// <summary>The configured embedding model cannot be used: a file is missing or the model has another shape than an encoder.</summary>
public sealed class EmbeddingModelException : Exception
{
    /// <summary>Creates the exception with a message that names the file or the configuration key.</summary>
    public EmbeddingModelException(string message) : base(message)
    {
    }

    /// <summary>Creates the exception with a message and its cause.</summary>
    public EmbeddingModelException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>Creates the exception without a message.</summary>
    public EmbeddingModelException()
    {
    }
}
