using System.Text;

namespace Engram.Engine.Embeddings;

/// <summary>
/// Measures texts for models whose tokenizer is not known: by bytes of UTF-8, of which a token has three or four in most languages and models. 1,500
/// bytes fit into the 512 tokens that the smallest common embedding models take, and are about as much as one vector can say.
/// </summary>
internal sealed class ByteCount : ITextTokenizer
{
    private const int MostBytes = 1_500;

    /// <summary>Cuts texts for any provider's model.</summary>
    public static TextChunker Chunker { get; } = new(new ByteCount());

    public int MaxTokens => MostBytes;

    public int Count(string text) => Encoding.UTF8.GetByteCount(text);

    public double KnownShare(string text) => 1;

    public int Encode(string text, Span<long> ids) => throw new NotSupportedException("The provider's own tokenizer makes the ids.");
}
