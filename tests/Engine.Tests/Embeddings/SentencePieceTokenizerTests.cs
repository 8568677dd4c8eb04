using Engram.Engine.Embeddings;

namespace Engram.Engine.Tests.Embeddings;

public class SentencePieceTokenizerTests
{
    private readonly SentencePieceTokenizer _tokenizer = ReferenceData.UseLiteTokenizer();

    [Fact]
    public void Ids_are_those_of_the_original_tokenizer_for_every_reference_text()
    {
        Assert.InRange(ReferenceData.Rows("sentencepiece.tsv").Count(), 400, 1_000);
        Assert.Empty(ReferenceData.Differences("sentencepiece.tsv", 0, _tokenizer));
    }

    [Fact]
    public void Count_is_the_number_of_ids_without_a_cut()
    {
        foreach (var (columns, text) in ReferenceData.Rows("sentencepiece.tsv"))
        {
            Assert.Equal(ReferenceData.Ids(columns[0]).Length, _tokenizer.Count(text));
        }
    }

    [Fact]
    public void A_long_text_is_cut_to_its_first_ids()
    {
        var text = string.Join(' ', Enumerable.Range(0, 400));
        var all = new long[4096];
        var first = new long[128];

        var count = _tokenizer.Encode(text, all);

        Assert.True(count > 128);
        Assert.Equal(128, _tokenizer.Encode(text, first));
        Assert.Equal(all[..128], first);
    }

    [Fact]
    public void A_text_larger_than_the_stack_buffers_has_the_same_ids_as_its_parts()
    {
        var sentence = ReferenceData.Rows("sentencepiece.tsv").First();
        var ids = ReferenceData.Ids(sentence.Columns[0]);
        var buffer = new long[4096];

        var count = _tokenizer.Encode(string.Join(' ', Enumerable.Repeat(sentence.Text, 300)), buffer);

        Assert.Equal(Enumerable.Repeat(ids, 300).SelectMany(id => id), buffer[..count]);
    }

    [Fact]
    public void A_malformed_vocabulary_is_refused_with_its_line()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "0\ta\nnot a score\tb\n");

        var failure = Assert.Throws<EmbeddingModelException>(() => SentencePieceTokenizer.Load(file, 128));

        Assert.Contains("line 2", failure.Message);
        File.Delete(file);
    }
}
