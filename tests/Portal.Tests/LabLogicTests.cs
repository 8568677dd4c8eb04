using Engram.Portal.Account;
using Engram.Portal.Client;
using Engram.Portal.Components.Lab;

namespace Engram.Portal.Tests;

public sealed class LabLogicTests
{
    private const string First = "019c1234-5678-7abc-8def-0123456789ab";
    private const string Second = "019c1234-5678-7abc-8def-0123456789ac";

    [Fact]
    public void The_state_of_the_lab_survives_its_address()
    {
        var state = LabState.Of(" where? ", ["notes", "notes", ""], LabSetting.Of("5", "no", "0.25", "2026-05-01"), LabSetting.Of("500", null, "7", "soon"));

        Assert.Equal("/query?q=where%3F&bucket=notes&k=5&answer=no&min=0.25&as_of=2026-05-01&compare=yes&b_k=50", state.Href);
        Assert.Equal(state, LabState.Of("where?", ["notes"], state.A, state.B));
        Assert.Equal("/query", LabState.Of("", null, LabSetting.Default, null).Href);
    }

    [Fact]
    public void A_setting_asks_for_what_it_says_and_a_day_is_meant_to_its_end()
    {
        var options = LabSetting.Of("5", "no", "0.25", "2026-05-01").ToOptions();

        Assert.Equal((5, true, 0.25, new DateTimeOffset(2026, 5, 1, 23, 59, 59, TimeSpan.Zero)), (options.TopK, options.SkipSynthesis, options.MinSimilarityThreshold, options.AsOf));
    }

    [Fact]
    public void Citations_are_numbered_by_their_first_mention()
    {
        var pieces = AnswerText.Split($"Ada lives there [{Second}]. So does Bob [{First}, {Second}], they say [1].");

        Assert.Equal(["Ada lives there ", "[1]", ". So does Bob ", "[2]", "[1]", ", they say [1]."], pieces.Select(piece => piece.Text));
        Assert.Equal([Second, First, Second], pieces.Where(piece => piece.Number is not null).Select(piece => piece.MemoryId));
        Assert.Empty(AnswerText.Split(""));
    }

    [Fact]
    public void Each_arm_has_its_own_list_in_its_own_order()
    {
        RetrievedMemory Memory(string id, int? keyword, int? vector) => new(id, "b", id, null, 1, new ArmRanks(keyword, vector, null), null, new ArmScores(keyword * 1.5, 0.5, null));

        var arms = ArmList.Of([Memory("a", 2, 1), Memory("b", 1, null), Memory("c", null, 2)]);

        Assert.Equal(["b", "a"], arms[0].Entries.Select(entry => entry.Memory.MemoryId));
        Assert.Equal(["a", "c"], arms[1].Entries.Select(entry => entry.Memory.MemoryId));
        Assert.Empty(arms[2].Entries);
        Assert.Equal(1.5, arms[0].Entries[0].Score);
    }

    [Theory]
    [InlineData("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux")]
    [InlineData("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows")]
    [InlineData("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1", "Safari on iPhone")]
    [InlineData("curl/8.5", "curl")]
    [InlineData(null, "A browser")]
    public void A_session_is_named_after_its_browser(string? userAgent, string name) => Assert.Equal(name, BrowserName.Of(userAgent));
}
