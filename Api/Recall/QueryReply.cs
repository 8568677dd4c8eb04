using Engram.Engine.Latency;
using Engram.Engine.Recall;

namespace Engram.Api.Recall;

/// <summary>From the engine's result to the wire's.</summary>
internal static class QueryReply
{
    public static QueryResponse For(QueryRequest query, RecallResult found, Answer? answer, OpTimer timer)
    {
        var context = found.Hits.Sum(hit => hit.Memory.TokenCount);
        ExplanationView? explanation = null;
        if (query.Options?.ReturnExplanation != false)
        {
            explanation = new ExplanationView(
                [.. found.Hits.Select(RetrievedMemoryView.From)],
                found.GraphFacts,
                found.Entities,
                context,
                found.Candidates,
                [.. found.Warnings, .. QueryMapping.Unfulfilled(query.Options)]);
        }

        CitationView[] citations = answer is null ? [] : [.. answer.Citations.Select(quoted => new CitationView(quoted.MemoryId, quoted.Quote, Math.Round(quoted.Strength, 4)))];
        var asValue = answer is not null && query.Options?.ReturnFormat == ReturnFormat.Json
            ? new AnswerValue(answer.Text, StatusOf(answer)!, citations)
            : null;
        return new QueryResponse(
            answer?.Text,
            asValue,
            StatusOf(answer),
            citations,
            found.Hits.Count,
            explanation,
            new QueryUsage(0, 0, context, 0, 0, 0),
            TimingsOf(timer),
            timer.RequestId);
    }

    private static string? StatusOf(Answer? answer) => answer?.Status switch
    {
        null => null,
        AnswerStatus.Answered => "answered",
        AnswerStatus.Partial => "partial",
        AnswerStatus.Conflicting => "conflicting",
        _ => "not_found",
    };

    private static Dictionary<string, double> TimingsOf(OpTimer timer)
    {
        var timings = timer.Hops()
            .GroupBy(hop => hop.Hop)
            .ToDictionary(hops => HopNames.Of(hops.Key), hops => Math.Round(timer.Total(hops.Key).TotalMilliseconds, 3));
        timings["total"] = Math.Round(timer.Elapsed.TotalMilliseconds, 3);
        return timings;
    }
}
