using System.Text.Json;
using Engram.Engine.Buckets;
using Engram.Engine.Providers;
using Engram.Engine.Recall;
using Engram.Tests.Shared;

namespace Engram.Engine.Tests.Recall;

public sealed class SynthesisTests
{
    private static readonly RecallResult Ann = AnswerCase.Found("Ann moved to Lisbon in March. She likes it.", "Ann works at Acme.");

    [Fact]
    public async Task An_answer_cites_memories_by_id_and_quotes_what_bears_it_out()
    {
        var result = await AnswerCase.AskAsync(new ScriptedChat("status: answered\nAnn lives in Lisbon since March [1]."), AnswerCase.Request("Where does Ann live?", Ann));
        Assert.Equal(($"Ann lives in Lisbon since March [{AnswerCase.IdOf(1)}].", AnswerStatus.Answered), (result.Answer.Text, result.Answer.Status));
        var citation = Assert.Single(result.Answer.Citations);
        Assert.Equal((AnswerCase.IdOf(1), "Ann moved to Lisbon in March."), (citation.MemoryId, citation.Quote));
        Assert.InRange(citation.Strength, 0.5, 1);
        Assert.Empty(result.Warnings);
        Assert.Equal((1, 100L, "scripted", "model-1"), (result.Usage.LlmCalls, result.Usage.ActualInputTokens, result.Usage.Provider, result.Usage.Model));
    }

    [Theory]
    [InlineData("status: answered\nAnn lives in Lisbon [7].", AnswerStatus.NotFound, "withheld")]
    [InlineData("status: answered\nAnn lives in Lisbon.", AnswerStatus.NotFound, "withheld")]
    [InlineData("Ann lives in Lisbon, everybody knows that.", AnswerStatus.NotFound, "withheld")]
    [InlineData("status: conflicting\nLisbon [1].", AnswerStatus.Partial, "one side")]
    [InlineData("status: not_found\nPerhaps in Lisbon [1].", AnswerStatus.NotFound, null)]
    [InlineData("status: not_found", AnswerStatus.NotFound, null)]
    [InlineData("Ann lives in Lisbon [1].", AnswerStatus.Answered, null)]
    [InlineData("status: partial\nAnn lives in Lisbon [1]; since when is not known.", AnswerStatus.Partial, null)]
    public async Task The_status_is_what_the_citations_bear_out(string reply, AnswerStatus status, string? warning)
    {
        var result = await AnswerCase.AskAsync(new ScriptedChat(reply), AnswerCase.Request("Where does Ann live?", Ann));
        Assert.Equal(status, result.Answer.Status);
        Assert.Equal(warning is not null, result.Warnings.Any(w => w.Contains(warning ?? "withheld", StringComparison.Ordinal)));
        if (status == AnswerStatus.NotFound)
            Assert.Equal((Answer.NotFound.Text, 0), (result.Answer.Text, result.Answer.Citations.Count));
    }

    [Fact]
    public async Task Both_sides_of_a_conflict_stand_with_their_citations()
    {
        var result = await AnswerCase.AskAsync(
            new ScriptedChat("status: conflicting\nOn 4 May it was Lisbon [1], on 3 May Porto [2]."), AnswerCase.Request("Where does Ann live?", AnswerCase.Found("Ann lives in Lisbon.", "Ann lives in Porto.")));
        Assert.Equal(AnswerStatus.Conflicting, result.Answer.Status);
        Assert.Equal([AnswerCase.IdOf(1), AnswerCase.IdOf(2)], result.Answer.Citations.Select(c => c.MemoryId));
    }

    [Fact]
    public async Task The_model_gets_numbered_memories_facts_and_profile_with_their_dates()
    {
        var chat = new ScriptedChat("status: answered\nAcme [3].");
        var found = Ann with { GraphFacts = [AnswerCase.Fact("Ann", "works_at", "Acme", memory: 50), AnswerCase.Fact("Ann", "lives_in", "Porto", memory: 51, superseded: true)] };
        var request = AnswerCase.Request("Where does Ann work?", found) with { Profiles = [new BucketProfile(AnswerCase.IdOf(900), "default", "Ann: lives in Lisbon.", "rules")], AsOf = new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero) };
        var result = await AnswerCase.AskAsync(chat, request);

        Assert.Contains("Today is 2026-06-01, Monday.", chat.User, StringComparison.Ordinal);
        Assert.Contains("<profile bucket=\"default\">\nAnn: lives in Lisbon.\n</profile>", chat.User, StringComparison.Ordinal);
        Assert.Contains("<memory id=\"1\" date=\"2026-05-04\">Ann moved to Lisbon in March. She likes it.</memory>", chat.User, StringComparison.Ordinal);
        Assert.Contains("<memory id=\"2\" date=\"2026-05-03\">Ann works at Acme.</memory>", chat.User, StringComparison.Ordinal);
        Assert.Contains("<fact id=\"3\" date=\"2026-05-04\">Ann works at Acme</fact>", chat.User, StringComparison.Ordinal);
        Assert.Contains("<fact id=\"4\" date=\"2026-05-04\">Ann lives in Porto (superseded)</fact>", chat.User, StringComparison.Ordinal);
        Assert.EndsWith("<question>\nWhere does Ann work?\n</question>", chat.User, StringComparison.Ordinal);
        Assert.Equal((AnswerCase.IdOf(50), "Ann works at Acme"), (result.Answer.Citations[0].MemoryId, result.Answer.Citations[0].Quote));
    }

    [Fact]
    public async Task The_context_keeps_to_its_budget_and_says_what_was_left_out()
    {
        var filler = string.Concat(Enumerable.Range(0, 400).Select(i => $"The weather on day {i} was fine. "));
        var chat = new ScriptedChat("status: answered\nA violin [1].");
        var found = AnswerCase.Found([$"{filler}Ann bought a violin in Vienna. {filler}", .. Enumerable.Range(0, 40).Select(i => $"Note {i}: {filler[..400]}")]);
        var result = await AnswerCase.AskAsync(chat, AnswerCase.Request("What did Ann buy in Vienna?", found), new SynthesisOptions { ContextTokens = 600 });

        Assert.InRange(result.Usage.ContextTokens, 200, 600);
        Assert.InRange(chat.User.Length, 800, 3600);
        Assert.Contains("Ann bought a violin in Vienna.", chat.User, StringComparison.Ordinal);
        Assert.Contains(result.Warnings, w => w.Contains("to fit the model's context", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null, 1024)]
    [InlineData(77, 77)]
    public async Task The_answers_length_is_the_callers(int? asked, int given)
    {
        var chat = new ScriptedChat("status: answered\nLisbon [1].");
        await AnswerCase.AskAsync(chat, AnswerCase.Request("Where?", Ann) with { MaxTokens = asked });
        Assert.Equal(given, chat.Asked[0].Options!.MaxOutputTokens);
    }

    [Fact]
    public async Task A_stream_gives_the_answer_piece_by_piece()
    {
        var chat = new ScriptedChat("status: answered\nAnn moved to Lisbon in March [1] and works at Acme [2].");
        var (pieces, whole) = await AnswerCase.StreamAsync(chat, AnswerCase.Request("Where does Ann live?", Ann));
        Assert.True(pieces.Count > 5, $"{pieces.Count} pieces");
        Assert.Equal(whole.Answer.Text, string.Concat(pieces));
        Assert.Equal(2, whole.Answer.Citations.Count);
        Assert.NotNull(whole.Usage.FirstTokenMs);
        Assert.Equal((1, 100L), (whole.Usage.LlmCalls, whole.Usage.ActualInputTokens));
    }

    [Fact]
    public async Task A_stream_of_not_found_says_only_that()
    {
        var (pieces, whole) = await AnswerCase.StreamAsync(new ScriptedChat("status: not_found\nIt is surely Paris."), AnswerCase.Request("Where?", Ann));
        Assert.Equal((Answer.NotFound.Text, AnswerStatus.NotFound), (string.Concat(pieces), whole.Answer.Status));
    }

    [Fact]
    public async Task Nothing_retrieved_asks_no_model()
    {
        var chat = new ScriptedChat("status: answered\nParis [1].");
        var synthesis = new Synthesis(
            (_, _) => throw new InvalidOperationException("asked"), new ExtractiveAnswer(null!, null!), Microsoft.Extensions.Options.Options.Create(new SynthesisOptions()), TimeProvider.System);
        var result = await synthesis.AnswerAsync(AnswerCase.Request("Where?", AnswerCase.Found()), TestContext.Current.CancellationToken);
        Assert.Equal((AnswerStatus.NotFound, 0), (result.Answer.Status, result.Usage.LlmCalls));
        Assert.Empty(chat.Asked);
    }

    [Fact]
    public async Task A_value_comes_in_the_callers_shape()
    {
        var shape = ResponseShape.Parse(JsonElement.Parse("""{"type":"object","required":["city"],"properties":{"city":{"$ref":"#/$defs/name"}},"$defs":{"name":{"type":"string","maxLength":10}}}"""), "schema");
        var chat = new ScriptedChat(
            """{"status":"answered","citations":[1],"answer":{"city":"Lisbon, the capital of Portugal"}}""", """{"status":"answered","citations":[1,8],"answer":{"city":"Lisbon"}}""");
        var result = await AnswerCase.AskAsync(chat, AnswerCase.Request("Where does Ann live?", Ann) with { AsJson = true, Shape = shape });

        Assert.Equal("Lisbon", result.Value!.Value.GetProperty("city").GetString());
        Assert.Equal((AnswerStatus.Answered, AnswerCase.IdOf(1)), (result.Answer.Status, Assert.Single(result.Answer.Citations).MemoryId));
        Assert.Equal(2, result.Usage.LlmCalls);
        Assert.Contains("$.answer.city", chat.Asked[1].Messages[^1].Text, StringComparison.Ordinal);
        Assert.Single(result.Warnings);
        Assert.Contains("\"$defs\"", JsonSerializer.Serialize(((Microsoft.Extensions.AI.ChatResponseFormatJson)chat.Asked[0].Options!.ResponseFormat!).Schema), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_that_never_fits_is_the_providers_fault_and_names_the_path()
    {
        var shape = ResponseShape.Parse(JsonElement.Parse("""{"type":"object","required":["city"]}"""), "schema");
        var chat = new ScriptedChat("""{"status":"answered","citations":[1],"answer":{"town":"Lisbon"}}""");
        var fault = (await Assert.ThrowsAsync<ProviderException>(() => AnswerCase.AskAsync(chat, AnswerCase.Request("Where?", Ann) with { AsJson = true, Shape = shape }))).Fault;
        Assert.Equal(ProviderFaultKind.Malformed, fault.Kind);
        Assert.Contains("$.answer.city", fault.Hint, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"status":"not_found","citations":[],"answer":null}""")]
    [InlineData("""{"status":"answered","citations":[],"answer":{"city":"Paris"}}""")]
    [InlineData("""{"status":"answered","citations":[12],"answer":{"city":"Paris"}}""")]
    public async Task A_value_that_rests_on_nothing_is_not_given(string reply)
    {
        var shape = ResponseShape.Parse(JsonElement.Parse("""{"type":"object","required":["city"]}"""), "schema");
        var result = await AnswerCase.AskAsync(new ScriptedChat(reply), AnswerCase.Request("Where?", Ann) with { AsJson = true, Shape = shape });
        Assert.Equal((AnswerStatus.NotFound, null), (result.Answer.Status, result.Value));
    }

    [Fact]
    public async Task A_fault_reaches_the_caller_as_it_is()
    {
        var fault = new ProviderFault("scripted", "model-1", ProviderFaultKind.Timeout, 504, 30_000, 1, "Wait.");
        var thrown = await Assert.ThrowsAsync<ProviderException>(() => AnswerCase.AskAsync(new ScriptedChat(new ProviderException(fault)), AnswerCase.Request("Where?", Ann)));
        Assert.Same(fault, thrown.Fault);
    }
}
