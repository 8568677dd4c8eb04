using Engram.Engine.Recall;

namespace Engram.Engine.Tests.Recall;

public sealed class AnswerReaderTests
{
    private static readonly Guid One = new("00000000-0000-7000-8000-000000000001");
    private static readonly Guid Two = new("00000000-0000-7000-8000-000000000002");

    [Theory]
    [InlineData("status: answered\nAnn lives in Lisbon [1].", "Ann lives in Lisbon [#1].", AnswerStatus.Answered, 0)]
    [InlineData("Ann lives in Lisbon [1].\nstatus: partial\n", "Ann lives in Lisbon [#1].", AnswerStatus.Partial, 0)]
    [InlineData("**Status:** Conflicting\n\nLisbon [1], or Porto [2].", "Lisbon [#1], or Porto [#2].", AnswerStatus.Conflicting, 0)]
    [InlineData("- answer_status: `answered`\nLisbon [1, 2].", "Lisbon [#1] [#2].", AnswerStatus.Answered, 0)]
    [InlineData("status: answered\nLisbon [1-2] 【memory 1】.", "Lisbon [#1] [#2] [#1].", AnswerStatus.Answered, 0)]
    [InlineData("status: answered\nLisbon [9].", "Lisbon.", AnswerStatus.Answered, 1)]
    [InlineData("status: answered\nLisbon [1][9][0].", "Lisbon [#1].", AnswerStatus.Answered, 2)]
    [InlineData("status: answered\nLisbon [00000000-0000-7000-8000-000000000009] and [1].", "Lisbon and [#1].", AnswerStatus.Answered, 1)]
    [InlineData("status: answered\nSee [the note], [sic] [1] and [2024].", "See [the note], [sic] [#1] and [2024].", AnswerStatus.Answered, 0)]
    [InlineData("status: answered\nAn open [bracket\nand [1]", "An open [bracket\nand [#1]", AnswerStatus.Answered, 0)]
    [InlineData("status: answered\n[[1]]", "[[#1]]", AnswerStatus.Answered, 0)]
    [InlineData("status: not_found\nBut I guess it is Paris [1].", "", AnswerStatus.NotFound, 0)]
    [InlineData("Status quo is fine [1].\nHer status: married [2].", "Status quo is fine [#1].\nHer status: married [#2].", null, 0)]
    [InlineData("status: great\nLisbon [1]", "status: great\nLisbon [#1]", null, 0)]
    [InlineData("", "", null, 0)]
    [InlineData("status: answered", "", AnswerStatus.Answered, 0)]
    public void Reads(string reply, string expected, AnswerStatus? status, int removed)
    {
        expected = expected.Replace("#1", One.ToString(), StringComparison.Ordinal).Replace("#2", Two.ToString(), StringComparison.Ordinal);
        foreach (var size in new[] { 1, 2, 3, 7, 1000 })
        {
            var reader = new AnswerReader(n => n switch { 1 => One, 2 => Two, _ => null });
            var pieces = reply.Chunk(size).Select(piece => reader.Push(new string(piece))).ToList();
            pieces.Add(reader.Finish());
            Assert.Equal(expected, string.Concat(pieces));
            Assert.Equal((expected, status, removed), (reader.Text, reader.Status, reader.Removed));
        }
    }

    [Fact]
    public void A_citation_knows_what_it_is_cited_for()
    {
        var reader = new AnswerReader(n => n == 1 ? One : Two);
        reader.Push("status: answered\nAnn lives in Lisbon [1]. She works at Acme [2].");
        reader.Finish();
        Assert.Equal(["Ann lives in Lisbon ", "She works at Acme "], reader.Cited.Select(c => c.Claim));
    }

    [Fact]
    public void Text_comes_out_before_its_sentence_ends()
    {
        var reader = new AnswerReader(_ => One);
        Assert.Equal("", reader.Push("status: answ"));
        Assert.Equal("", reader.Push("ered\n"));
        Assert.Equal("Ann", reader.Push("Ann "));
        Assert.Equal(" lives", reader.Push("lives"));
    }
}
