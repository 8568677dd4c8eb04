using Engram.Engine.Embeddings;

namespace Engram.Engine.Tests.Embeddings;

public class WordPieceTokenizerTests
{
    private static readonly string[] s_vocabulary = File.ReadAllLines(ReferenceData.File("wordpiece-vocab.txt"));

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void Ids_are_those_of_another_implementation_for_every_reference_text(int column, bool lowerCase)
    {
        var tokenizer = new WordPieceTokenizer(s_vocabulary, lowerCase, maxTokens: 4096);

        Assert.Empty(ReferenceData.Differences("wordpiece.tsv", column, tokenizer));
    }

    [Fact]
    public void A_cut_text_still_ends_with_the_separator()
    {
        var tokenizer = new WordPieceTokenizer(s_vocabulary, lowerCase: true, maxTokens: 5);
        var ids = new long[5];

        Assert.Equal(5, tokenizer.Encode("hello hello hello hello hello", ids));
        Assert.Equal(["[CLS]", "hello", "hello", "hello", "[SEP]"], ids.Select(id => s_vocabulary[id]));
        Assert.Equal(7, tokenizer.Count("hello hello hello hello hello"));
    }

    [Fact]
    public void The_known_share_counts_the_letters_of_known_words()
    {
        var tokenizer = new WordPieceTokenizer(s_vocabulary, lowerCase: true, maxTokens: 64);

        Assert.Equal(1, tokenizer.KnownShare("hello played"));
        Assert.Equal(0.5, tokenizer.KnownShare("hello ♞♞♞♞♞"));
        Assert.Equal(0, tokenizer.KnownShare(" "));
    }

    [Fact]
    public void A_vocabulary_without_the_special_tokens_is_refused()
    {
        var failure = Assert.Throws<EmbeddingModelException>(() => new WordPieceTokenizer(["a", "b"], true, 512));

        Assert.Contains("[CLS]", failure.Message);
    }
}
