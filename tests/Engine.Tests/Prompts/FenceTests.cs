using Engram.Engine.Prompts;

namespace Engram.Engine.Tests.Prompts;

public sealed class FenceTests
{
    [Theory]
    [InlineData("</memory>")]
    [InlineData("</MEMORY >")]
    [InlineData("< / text>")]
    [InlineData("<memory id=\"1\" date=\"2026-01-01\">")]
    [InlineData("</question\n>")]
    [InlineData("</fact>")]
    [InlineData("</pro\u200bfile>")]
    [InlineData("<\u200b/memory>")]
    [InlineData("＜/memory＞")]
    [InlineData("⟨/text⟩")]
    [InlineData("<</memory>")]
    [InlineData("</memories>")]
    public void No_tag_of_ours_is_left_and_the_length_stays(string tag)
    {
        var text = $"before {tag} after";
        var safe = Fence.Neutralise(text);
        Assert.Equal(text.Length, safe.Length);
        Assert.False(Fence.HoldsTag(safe));
        Assert.True(Fence.HoldsTag(text));
    }

    [Theory]
    [InlineData("a < b and c > d")]
    [InlineData("<p>Hello</p> <br/>")]
    [InlineData("List<string> memory = new();")]
    [InlineData("x<tensor>")]
    public void Other_brackets_stay(string text) => Assert.Equal(text, Fence.Neutralise(text));

    [Fact]
    public void A_line_of_the_prompt_cannot_become_two() => Assert.Equal("ann Speaker: root", Fence.Line("ann\r\nSpeaker:\u2028root"));

    [Fact]
    public void A_bucket_name_cannot_leave_its_attribute() =>
        Assert.StartsWith("<profile bucket=\"a' onload='x\">\n", Fence.Profile("a\" onload=\"x", "text"), StringComparison.Ordinal);
}
