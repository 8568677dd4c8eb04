using System.Text.Json;
using Engram.Benchmarks.Providers;

namespace Engram.Engine.Tests.Benchmarks;

public sealed class FrontierTests
{
    [Theory]
    [InlineData("Ann keeps bees [1].", "ann keeps the bees", 1)]
    [InlineData("Ann keeps bees", "Ben repairs clocks", 0)]
    [InlineData("bees bees", "bees", 2.0 / 3)]
    [InlineData("", "", 1)]
    [InlineData("", "bees", 0)]
    public void Agreement_is_the_f1_of_words_without_articles_and_citations(string a, string b, double expected)
    {
        Assert.Equal(expected, AnswerAgreement.TokenF1(a, b), 6);
        Assert.Equal(expected, AnswerAgreement.TokenF1(b, a), 6);
    }

    [Fact]
    public void A_point_on_the_frontier_is_beaten_by_none_in_price_and_agreement()
    {
        var marked = FrontierPoint.Mark([Point("cheap", 1, "bees"), Point("dear", 9, "ann keeps bees"), Point("dear and worse", 9, "clocks"), Point("same but dearer", 2, "bees")]);
        Assert.Equal(["cheap", "dear"], marked.Where(point => point.OnFrontier).Select(point => point.Model));
    }

    [Fact]
    public void A_model_that_never_answers_is_on_no_frontier_and_takes_no_price_from_the_others()
    {
        var failed = Asked.Read(JsonElement.Parse("""{"code":"provider_error"}"""), 5);
        var never = FrontierPoint.Of("never", 8, [failed], [Good(9, "ann keeps bees")]);
        var marked = FrontierPoint.Mark([never, Point("cheap", 1, "bees"), Point("dear", 9, "bees")]);
        Assert.Equal(["cheap"], marked.Where(point => point.OnFrontier).Select(point => point.Model));
    }

    [Fact]
    public void A_failed_question_counts_as_disagreement_and_not_as_a_time()
    {
        var failed = Asked.Read(JsonElement.Parse("""{"code":"provider_timeout"}"""), 30_000);
        var point = FrontierPoint.Of("m", 4, [Good(1, "ann keeps bees"), failed], [Good(1, "ann keeps bees"), Good(1, "ann keeps bees")]);
        Assert.Equal((0.5, 1, 10.0), (point.Agreement, point.Failures["provider_timeout"], point.Times.P95));
        Assert.Equal(0.001m, point.CostUsd);
    }

    [Fact]
    public void Our_share_is_what_is_neither_the_providers_nor_a_pause()
    {
        var asked = Asked.Read(JsonElement.Parse("""
            {"answer":"x","answer_status":"answered","usage":{"llm_calls":1,"actual_input_tokens":7},"timings":{"total":290,"llm-call":200,"llm-wait":80}}
            """), 300);
        var extractive = Asked.Read(JsonElement.Parse("""{"answer":"x","answer_status":"answered","usage":{"llm_calls":0},"timings":{"total":2}}"""), 3);
        var report = ShareReport.Of("m", 8, [asked, extractive]);
        Assert.Equal((20, 10, 200, 80), (report.Own.P95, report.OwnServer.P95, report.Provider.P95, report.Wait.P95));
        Assert.Equal((1, 1), (report.Total.Count, report.Extractive));
    }

    private static FrontierPoint Point(string model, int dollars, string answer) => FrontierPoint.Of(model, 8, [Good(dollars, answer)], [Good(9, "ann keeps bees")]);

    private static Asked Good(int thousandths, string answer) => new(10, 9, 5, 0, 1, 100, 10, thousandths / 1000m, "answered", answer, Failed: false);
}
