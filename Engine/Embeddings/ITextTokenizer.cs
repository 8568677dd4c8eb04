namespace Engram.Engine.Embeddings;

/// <summary>Turns a text into the token ids of one model. Implementations are immutable and safe for all threads.</summary>
internal interface ITextTokenizer
{
    /// <summary>The most ids the model takes for one text, special tokens included.</summary>
    int MaxTokens { get; }

    /// <summary>Writes the ids of the text, cut off where <paramref name="ids"/> is full, and returns how many were written.</summary>
    int Encode(string text, Span<long> ids);

    /// <summary>How many ids the whole text has, special tokens included, without any cut.</summary>
    int Count(string text);

    /// <summary>The share, 0 to 1, of the text's characters (white space aside) that the vocabulary has pieces for; 0 for white space.</summary>
    double KnownShare(string text);
}
