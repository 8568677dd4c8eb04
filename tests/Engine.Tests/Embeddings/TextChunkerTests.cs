using Engram.Engine.Embeddings;

namespace Engram.Engine.Tests.Embeddings;

public class TextChunkerTests
{
    private readonly SentencePieceTokenizer _tokenizer = ReferenceData.UseLiteTokenizer();
    private readonly TextChunker _chunker;

    public TextChunkerTests() => _chunker = new TextChunker(_tokenizer);

    public static TheoryData<string> LongTexts =>
    [
        string.Concat(Enumerable.Range(0, 60).Select(index => $"This is sentence number {index}, and it has a few more words. ")),
        string.Join(' ', Enumerable.Range(0, 1_000).Select(index => $"word{index}")),
        string.Concat(Enumerable.Range(0, 3_000).Select(index => (char)('a' + (index * 7 % 26)))),
        string.Concat(Enumerable.Repeat("e\u0301🐶👨‍👩‍👧‍👦x ", 120)) + string.Concat(Enumerable.Repeat("e\u0301🐶👨‍👩‍👧‍👦x", 120)),
        string.Concat(Enumerable.Repeat("我叫李明，住在北京。 Then some English words follow here! 「そうですか？」", 40)),
        string.Join("\n\n", Enumerable.Repeat("A paragraph without a full stop but with quite some words in it", 50)),
        string.Concat(Enumerable.Repeat("He said \"Stop!\" (twice). Then he left... Did he? ", 50)),
        "Short. " + string.Join(' ', Enumerable.Repeat("endless", 400)) + ". Short again.",
        new string(' ', 500) + "text" + new string('\n', 500) + string.Concat(Enumerable.Repeat("more \t text. ", 100)),
        string.Concat(Enumerable.Repeat("\ud800 \udc00x ", 300)),
        "a" + new string('\u0301', 5_000) + "b",
        "one" + new string(' ', 10_000) + "two" + new string('中', 5_000),
        new string('?', 5_000),
        new string('\ufdfa', 500),
    ];

    [Theory]
    [MemberData(nameof(LongTexts), DisableDiscoveryEnumeration = true)]
    public void Every_chunk_fits_and_nothing_but_white_space_is_lost(string text)
    {
        var chunks = _chunker.Split(text);

        Assert.True(chunks.Count > 1);
        Assert.All(chunks, chunk => Assert.InRange(_chunker.CountTokens(chunk), 1, 128));
        Assert.Equal(WithoutSpace(text), WithoutSpace(string.Concat(chunks)));
    }

    [Fact]
    public void Chunks_end_where_sentences_end_and_are_filled()
    {
        var sentences = Enumerable.Range(0, 60).Select(index => $"This is sentence number {index}, and it has a few more words.").ToList();

        var chunks = _chunker.Split(string.Join(' ', sentences));

        Assert.All(chunks, chunk => Assert.EndsWith("words.", chunk));
        Assert.All(chunks, chunk => Assert.StartsWith("This is", chunk));
        Assert.All(chunks.SkipLast(1), chunk => Assert.InRange(_chunker.CountTokens(chunk), 100, 128));
    }

    [Fact]
    public void An_abbreviation_or_a_number_is_no_border_without_a_space()
    {
        var text = string.Concat(Enumerable.Repeat("The value 3.14159 of example.org/path is given there; ", 30));

        Assert.All(_chunker.Split(text), chunk => Assert.DoesNotMatch(@"^(14159|org)", chunk));
    }

    [Theory]
    [InlineData('x')]
    [InlineData('.')]
    [InlineData(' ')]
    public void The_work_grows_no_faster_than_the_text(char unit)
    {
        Assert.InRange(Work(80_000), 0, 8 * 1.2 * Work(10_000));

        double Work(int length)
        {
            var counting = new CountingTokenizer(_tokenizer);
            new TextChunker(counting).Split(new string(unit, length));
            return counting.Characters;
        }
    }

    [Fact]
    public void A_text_that_fits_stays_as_it_is()
    {
        Assert.Equal(["  Two sentences. In one chunk. "], _chunker.Split("  Two sentences. In one chunk. "));
        Assert.Empty(_chunker.Split(""));
    }

    [Fact]
    public void White_space_alone_is_still_a_text_with_a_vector()
    {
        Assert.Single(_chunker.Split(new string(' ', 5_000)));
    }

    [Fact]
    public void The_special_tokens_of_a_bert_model_count()
    {
        var tokenizer = new WordPieceTokenizer(File.ReadAllLines(ReferenceData.File("wordpiece-vocab.txt")), lowerCase: true, maxTokens: 6);

        Assert.Equal(["hello hello hello hello", "hello hello hello hello", "hello"], new TextChunker(tokenizer).Split(string.Join(' ', Enumerable.Repeat("hello", 9))));
    }

    /// <summary>Counts the characters it is given, which is what chunking costs.</summary>
    private sealed class CountingTokenizer(ITextTokenizer inner) : ITextTokenizer
    {
        public long Characters { get; private set; }

        public int MaxTokens => inner.MaxTokens;

        public int Encode(string text, Span<long> ids) => throw new NotSupportedException();

        public int Count(string text)
        {
            Characters += text.Length;
            return inner.Count(text);
        }

        public double KnownShare(string text) => throw new NotSupportedException();
    }

    private static string WithoutSpace(string text) => string.Concat(text.Where(unit => !char.IsWhiteSpace(unit)));
}
