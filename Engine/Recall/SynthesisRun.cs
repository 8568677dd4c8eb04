using System.Diagnostics;
using System.Text.Json;
using Engram.Engine.Embeddings;
using Engram.Engine.Prompts;
using Engram.Engine.Providers;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Recall;

/// <summary>One answer under way: what the model was given, what it cost, and what of its reply stands in the end.</summary>
internal sealed class SynthesisRun(AnswerRequest request, TenantChat chat, ContextPack pack, SynthesisOptions options)
{
    private readonly List<string> _warnings = [];
    private readonly long _started = Stopwatch.GetTimestamp();
    private UsageDetails? _streamed;
    private double? _firstToken;
    private bool _cutOff;

    public AnswerRequest Request => request;

    public TenantChat Chat => chat;

    public ContextPack Pack => pack;

    public LlmTally Tally { get; } = new();

    public int MaxOutputTokens => request.MaxTokens ?? options.AnswerTokens;

    /// <summary>No tools: a model that is talked into calling one has none to call.</summary>
    public ChatOptions Options => new() { MaxOutputTokens = MaxOutputTokens, Temperature = 0 };

    public void Note(ChatResponseUpdate update)
    {
        if (_firstToken is null && update.Text.Length > 0)
            _firstToken = Stopwatch.GetElapsedTime(_started).TotalMilliseconds;
        foreach (var usage in update.Contents.OfType<UsageContent>())
        {
            if (_streamed is null)
                _streamed = usage.Details;
            else
                _streamed.Add(usage.Details);
        }

        _cutOff |= update.FinishReason == ChatFinishReason.Length;
    }

    public void NoteStreamed() => Tally.Add(_streamed);

    public void Note(ChatResponse response)
    {
        Tally.Add(response.Usage);
        _cutOff |= response.FinishReason == ChatFinishReason.Length;
    }

    /// <summary>What stands of a reply.</summary>
    /// <param name="reader">The reply, read.</param>
    /// <param name="json">The reply as JSON, or null for prose.</param>
    public SynthesizedAnswer Finish(AnswerReader reader, JsonElement? json = null)
    {
        var cited = reader.Cited.ToList();
        var removed = reader.Removed;
        foreach (var number in json is { } reply ? AnswerEnvelope.CitationsOf(reply) : [])
        {
            if (number is { } known && pack.MemoryOf(known) is not null)
                cited.Add(new CitedClaim(known, ""));
            else
                removed++;
        }

        if (removed > 0)
            _warnings.Add(removed == 1 ? "A citation of something that was not retrieved was removed." : $"{removed} citations of something that was not retrieved were removed.");
        if (_cutOff)
            _warnings.Add($"The answer was cut at {MaxOutputTokens} tokens.");
        if (pack.Cut > 0)
            _warnings.Add($"{pack.Cut} of {request.Found.Hits.Count} memories were shortened or left out to fit the model's context.");
        var citations = Citations(cited, json is not null && request.Shape is not null ? json.Value.GetProperty("answer").GetRawText() : reader.Text);
        var status = StatusOf(reader, citations);
        var value = status != AnswerStatus.NotFound && json is { } given && request.Shape is not null ? given.GetProperty("answer").Clone() : (JsonElement?)null;
        var answer = status == AnswerStatus.NotFound ? Answer.NotFound : new Answer(value is { } v ? v.GetRawText() : reader.Text, status, citations);
        var usage = new AnswerUsage(
            pack.Tokens, pack.Tokens + TokenEstimate.Of(request.Query), TokenEstimate.Of(answer.Text), Tally.InputTokens, Tally.OutputTokens, Tally.Calls, _firstToken, chat.Provider, chat.Model)
        {
            CostUsd = chat.Price?.CostUsd(Tally.InputTokens, Tally.OutputTokens),
        };
        return new SynthesizedAnswer(answer, value, usage, _warnings);
    }

    /// <summary>The model's own word, as far as its citations bear it out.</summary>
    private AnswerStatus StatusOf(AnswerReader reader, List<Citation> citations)
    {
        var status = reader.Status ?? (citations.Count > 0 ? AnswerStatus.Answered : AnswerStatus.NotFound);
        if (citations.Count == 0 && (status != AnswerStatus.NotFound || reader.Text.Length > 0))
        {
            if (reader.Status != AnswerStatus.NotFound)
                _warnings.Add("The model's answer cited nothing that was retrieved, so it was withheld.");
            return AnswerStatus.NotFound;
        }

        if (status == AnswerStatus.Conflicting && citations.Count < 2)
        {
            _warnings.Add("The model called the memories conflicting but cited one side only.");
            return AnswerStatus.Partial;
        }

        return status;
    }

    /// <summary>Each memory once, with the sentence of it that shares most words with what it is cited for.</summary>
    private List<Citation> Citations(List<CitedClaim> cited, string whole)
    {
        var citations = new List<Citation>();
        foreach (var group in cited.GroupBy(c => pack.Sources[c.Number - 1].MemoryId))
        {
            var best = group.Select(c => Quote(pack.Sources[c.Number - 1].Text, c.Claim.Length > 0 ? c.Claim : whole)).MaxBy(q => q.Strength);
            citations.Add(new Citation(group.Key, best.Quote, Math.Round(best.Strength, 4)));
        }

        return citations;
    }

    private static (string Quote, double Strength) Quote(string source, string claim)
    {
        var stems = GraphArm.Stems(claim);
        var sentences = TextChunker.Sentences(source).ToArray();
        if (stems.Count == 0 || sentences.Length == 0)
            return (sentences.FirstOrDefault() ?? source, 0);
        return sentences.Select(s => (Quote: s, Strength: (double)GraphArm.Stems(s).Count(stems.Contains) / stems.Count)).MaxBy(s => s.Strength);
    }
}
