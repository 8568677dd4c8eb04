using System.Text.Json;
using Engram.Api.Http;
using Engram.Engine.Buckets;
using Engram.Engine.Latency;
using Engram.Engine.Recall;

namespace Engram.Api.Recall;

/// <summary>From the engine's result to the wire's.</summary>
internal sealed record QueryReply(QueryRequest Query, RecallResult Found, IReadOnlyList<BucketProfile> Profiles, OpTimer Timer)
{
    /// <param name="answered">The answer, or null: only retrieved.</param>
    public QueryResponse For(SynthesizedAnswer? answered)
    {
        var answer = answered?.Answer;
        var context = Found.Hits.Sum(hit => hit.Memory.TokenCount);
        string[] warnings = [.. Found.Warnings, .. QueryMapping.Unfulfilled(Query.Options), .. answered?.Warnings ?? []];
        CitationView[] citations = answer is null ? [] : [.. answer.Citations.Select(quoted => new CitationView(quoted.MemoryId, quoted.Quote, Math.Round(quoted.Strength, 4)))];
        return new QueryResponse(
            answer?.Text,
            ValueOf(answered, citations),
            StatusOf(answer),
            citations,
            Found.Hits.Count,
            Query.Options?.ReturnExplanation != false ? Explain(context, warnings) : null,
            UsageOf(answered, context),
            TimingsOf(answered),
            Timer.RequestId)
        {
            Warnings = warnings.Length > 0 ? warnings : null,
        };
    }

    private ExplanationView Explain(int context, string[] warnings) => new(
        [.. Found.Hits.Select(RetrievedMemoryView.From)], Found.GraphFacts, Found.Entities, context, Found.Candidates, warnings)
    {
        Profile = Profiles.Count == 1 ? Profiles[0].Text : null,
        Profiles = Profiles.Count > 0 ? [.. Profiles.Select(p => new BucketProfileView(p.BucketId, p.BucketName, p.Text, p.Source))] : null,
    };

    /// <summary>In the caller's shape where a model kept to it, else the answer in its own; of "not found" in the caller's shape there is none.</summary>
    private JsonElement? ValueOf(SynthesizedAnswer? answered, CitationView[] citations)
    {
        if (answered is null || Query.Options?.ReturnFormat != ReturnFormat.Json)
            return null;
        if (answered.Value is { } value)
            return value;
        var shaped = Query.Options.ResponseSchema is not null && answered.Usage.Model is not null;
        return shaped ? null : JsonSerializer.SerializeToElement(new AnswerValue(answered.Answer.Text, StatusOf(answered.Answer)!, citations), ApiJson.Wire.AnswerValue);
    }

    private static QueryUsage UsageOf(SynthesizedAnswer? answered, int context) => answered?.Usage is not { } usage
        ? new QueryUsage(0, 0, context, 0, 0, 0)
        : new QueryUsage(usage.InputTokens, usage.OutputTokens, usage.ContextTokens, usage.ActualInputTokens, usage.ActualOutputTokens, usage.LlmCalls)
        {
            FirstTokenMs = usage.FirstTokenMs is { } first ? Math.Round(first, 1) : null,
            CostUsd = usage.CostUsd,
            Provider = usage.Provider,
            Model = usage.Model,
        };

    private static string? StatusOf(Answer? answer) => answer?.Status switch
    {
        null => null,
        AnswerStatus.Answered => "answered",
        AnswerStatus.Partial => "partial",
        AnswerStatus.Conflicting => "conflicting",
        _ => "not_found",
    };

    private Dictionary<string, double> TimingsOf(SynthesizedAnswer? answered)
    {
        var timings = Timer.Hops()
            .GroupBy(hop => hop.Hop)
            .ToDictionary(hops => HopNames.Of(hops.Key), hops => Math.Round(Timer.Total(hops.Key).TotalMilliseconds, 3));
        if (answered?.Usage.FirstTokenMs is { } first)
            timings["first-token"] = Math.Round(first, 3);
        timings["total"] = Math.Round(Timer.Elapsed.TotalMilliseconds, 3);
        return timings;
    }
}
