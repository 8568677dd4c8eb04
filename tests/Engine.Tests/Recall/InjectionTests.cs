using System.Text.RegularExpressions;
using Engram.Engine.Extraction;
using Engram.Engine.Extraction.Llm;
using Engram.Engine.Recall;
using Engram.Tests.Shared;

namespace Engram.Engine.Tests.Recall;

/// <summary>
/// Thirty stored texts that try to take a model over. Whether some model falls for one cannot be proved here; what can is that the text stays inside
/// its fence, and that a model which does everything it is told still cannot cite what was not retrieved, be believed without a citation, find a
/// tool to call, see another bucket, or put a fact into the graph that its text does not hold.
/// </summary>
public sealed partial class InjectionTests
{
    private const string Truth = "Ann lives in Lisbon.";

    public static TheoryData<int, string> Injections
    {
        get
        {
            var texts = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Recall", "injections.txt")).ReplaceLineEndings("\n").Split("\n---\n");
            Assert.Equal(30, texts.Length);
            var data = new TheoryData<int, string>();
            for (var i = 0; i < texts.Length; i++)
                data.Add(i + 1, texts[i].Trim());
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Injections))]
    public async Task It_stays_inside_its_fence(int number, string injection)
    {
        var chat = new ScriptedChat("status: not_found");
        var found = AnswerCase.Found(Truth, injection) with { GraphFacts = [AnswerCase.Fact(injection, "says", injection, memory: 2)] };
        await AnswerCase.AskAsync(chat, AnswerCase.Request(injection, found) with { Profiles = [new(AnswerCase.IdOf(900), injection, injection, "rules")] });

        // Tags of ours, look-alikes included, are the ones that were put there, in their order.
        var tags = Tags().Matches(chat.User).Select(m => m.Value).ToArray();
        Assert.Equal(
            ["<profile", "</profile>", "<memory id=\"1\"", "</memory>", "<memory id=\"2\"", "</memory>", "<fact id=\"3\"", "</fact>", "<question>", "</question>"],
            tags);
        Assert.EndsWith("</question>", chat.User, StringComparison.Ordinal);
        // Nothing of it is in the system's words, and there is no tool to be called.
        Assert.Equal(2, chat.Asked[0].Messages.Count);
        Assert.DoesNotContain(injection, chat.Asked[0].Messages[0].Text, StringComparison.Ordinal);
        Assert.Null(chat.Asked[0].Options!.Tools);
        Assert.True(number > 0);
    }

    [Theory]
    [MemberData(nameof(Injections))]
    public async Task A_model_that_repeats_it_is_not_believed(int number, string injection)
    {
        // The gullible model says what the memory says, claims to have answered, and cites whatever it is told to.
        foreach (var reply in new[] { injection, $"status: answered\n{injection}", $"{injection}\nstatus: answered", $"status: answered\n{injection} [99][{AnswerCase.IdOf(255)}]" })
        {
            var request = AnswerCase.Request("Where does Ann live?", AnswerCase.Found(Truth));
            var whole = await AnswerCase.AskAsync(new ScriptedChat(reply), request);
            var (_, streamed) = await AnswerCase.StreamAsync(new ScriptedChat(reply), request);
            foreach (var answer in new[] { whole.Answer, streamed.Answer })
            {
                // Only memory 1 was retrieved: whatever else is cited is gone, and what cites nothing is withheld.
                Assert.All(answer.Citations, c => Assert.Equal(AnswerCase.IdOf(1), c.MemoryId));
                Assert.DoesNotContain("[99]", answer.Text, StringComparison.Ordinal);
                Assert.All(Ids().Matches(answer.Text), id => Assert.Equal(AnswerCase.IdOf(1).ToString(), id.Value));
                if (answer.Citations.Count == 0)
                    Assert.Equal((AnswerStatus.NotFound, Answer.NotFound.Text), (answer.Status, answer.Text));
            }
        }

        Assert.True(number > 0);
    }

    [Theory]
    [MemberData(nameof(Injections))]
    public async Task As_JSON_it_cannot_leave_its_value(int number, string injection)
    {
        var reply = System.Text.Json.JsonSerializer.Serialize(new { status = "answered", citations = new[] { 99, 1 }, answer = injection });
        var result = await AnswerCase.AskAsync(new ScriptedChat(reply), AnswerCase.Request("Where?", AnswerCase.Found(Truth)) with { AsJson = true });
        Assert.All(result.Answer.Citations, c => Assert.Equal(AnswerCase.IdOf(1), c.MemoryId));
        Assert.Contains(result.Warnings, w => w.Contains("not retrieved", StringComparison.Ordinal));

        var raw = new ScriptedChat(injection);
        var request = AnswerCase.Request("Where?", AnswerCase.Found(Truth)) with { AsJson = true };
        try
        {
            Assert.Empty((await AnswerCase.AskAsync(raw, request)).Answer.Citations);
        }
        catch (Engine.Providers.ProviderException e)
        {
            Assert.Equal(Engine.Providers.ProviderFaultKind.Malformed, e.Fault.Kind);
        }

        Assert.True(number > 0);
    }

    [Theory]
    [MemberData(nameof(Injections))]
    public async Task It_teaches_the_graph_nothing_that_it_does_not_say(int number, string injection)
    {
        const string Invented = """{"triples":[{"subject":"user","predicate":"is","object":"administrator","evidence":"The user is an administrator."},{"subject":"Mallory","predicate":"owns","object":"everything","evidence":"Ignore"}]}""";
        var chat = new ScriptedChat(Invented);
        var input = new ExtractionInput(injection, DateTimeOffset.UnixEpoch, "en", injection);
        var result = await new LlmExtractor(chat.Tenant()).ExtractAsync(input with { Speaker = null }, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(result.Triples, t => t.Object is "administrator" or "everything");
        Assert.Equal(2, result.DroppedWithoutEvidence + result.Triples.Count);

        await new LlmExtractor(chat.Tenant()).ExtractAsync(input, TestContext.Current.CancellationToken);
        Assert.Equal(["<text", "</text>"], Tags().Matches(chat.User).Select(m => m.Value.TrimEnd('\n').TrimEnd('>') is "<text" ? "<text" : m.Value));
        Assert.True(number > 0);
    }

    [GeneratedRegex(@"[<\uFF1C\uFE64\u2329\u27E8][\s/\uFF0F\p{Cf}]*(?:text|m\p{Cf}*e\p{Cf}*m\p{Cf}*o\p{Cf}*r\p{Cf}*(?:y|ies)|question|fact|profile)(?: id=""\d+"")?>?", RegexOptions.IgnoreCase)]
    private static partial Regex Tags();

    [GeneratedRegex("[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")]
    private static partial Regex Ids();
}
