using Engram.Engine.Extraction;

namespace Engram.Engine.Tests.Extraction;

public sealed class EvidenceCheckTests
{
    private const string Text = "Yesterday I planted two roses in Anna's gardens.";

    [Theory]
    [InlineData("user", "roses")]
    [InlineData("Anna", "garden")]
    [InlineData("user", "2 roses")]
    [InlineData("user", "2023-05-07")]
    public void What_the_text_says_is_supported(string subject, string target) => Assert.True(Supports(subject, target, 0, Text.Length));

    [Theory]
    [InlineData("user", "tulips")]
    [InlineData("Bob", "roses")]
    [InlineData("user", "")]
    [InlineData("", "roses")]
    [InlineData("user", "the")]
    public void Invented_words_are_not_supported(string subject, string target) => Assert.False(Supports(subject, target, 0, Text.Length));

    [Theory]
    [InlineData(-1, 5)]
    [InlineData(0, 0)]
    [InlineData(0, 1000)]
    [InlineData(40, 20)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void A_span_outside_the_text_is_refused(int start, int length) => Assert.False(Supports("user", "roses", start, length));

    [Fact]
    public void A_date_needs_a_calendar_word_in_its_evidence() => Assert.False(Supports("user", "2023-05-07", 12, 7));

    [Fact]
    public void The_named_speaker_stands_for_I() =>
        Assert.True(new EvidenceCheck(Text, "melanie").Supports(new ExtractedTriple("Melanie", "plant", "roses", new EvidenceSpan(0, 10), 1)));

    private static bool Supports(string subject, string target, int start, int length) =>
        new EvidenceCheck(Text, null).Supports(new ExtractedTriple(subject, "p", target, new EvidenceSpan(start, length), 1));
}
