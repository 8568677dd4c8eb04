using System.Globalization;
using System.Numerics.Tensors;
using System.Text;
using Engram.Engine.Embeddings;
using Engram.Engine.Lanes;
using Engram.Engine.Latency;

namespace Engram.Engine.Recall;

/// <summary>
/// Answers without an LLM: quotes the sentences that speak most to the question, word for word, each with its memory. It never says what no
/// memory says; where the evidence is weak it says so.
/// </summary>
/// <param name="embedder">The sentence encoder.</param>
/// <param name="lanes">Bounds how many answers are made at once.</param>
public sealed class ExtractiveAnswer(OnnxEmbedder embedder, WorkLanes lanes)
{
    private const int MemoriesRead = 5;
    private const int SentencesCompared = 16;
    private const int Quotes = 3;

    // A sentence's strength is the mean of the share of the question's words its memory covers and its similarity over what this
    // encoder gives to a sentence and a question it answers.
    private const double FullSimilarity = 0.6;
    private const double Answered = 0.55;
    private const double Weak = 0.35;

    // A further quote must be nearly as strong as the first.
    private const double Supporting = 0.85;

    /// <summary>Makes the answer.</summary>
    /// <param name="query">The question.</param>
    /// <param name="found">What was retrieved for it.</param>
    /// <param name="timer">Gets the hop <c>embed</c>.</param>
    /// <param name="cancellationToken">Cancels the comparison.</param>
    public async Task<Answer> ComposeAsync(string query, RecallResult found, OpTimer timer, CancellationToken cancellationToken = default)
    {
        var stems = GraphArm.Stems(query);
        var candidates = found.Hits.Take(MemoriesRead)
            .SelectMany(hit => TextChunker.Sentences(hit.Memory.Content).Select(sentence => (Hit: hit, Sentence: sentence, Coverage: Coverage(stems, sentence, hit.Memory.Content))))
            .OrderByDescending(c => c.Coverage).ThenBy(c => c.Hit.Memory.Id)
            .Take(SentencesCompared)
            .ToArray();
        if (candidates.Length == 0)
            return Answer.NotFound;

        // A sentence costs a run of the encoder, and a question has a dozen of them: more work than finding the memories was.
        using var place = await lanes.ReturnAsync(OpClass.Query, timer, cancellationToken);
        var ranked = new Citation[candidates.Length];
        using (timer.Measure(Hop.Embed, "answer"))
        {
            var question = await embedder.EmbedAsync(query, cancellationToken);
            for (var i = 0; i < ranked.Length; i++)
            {
                var (hit, sentence, coverage) = candidates[i];
                var vector = await embedder.EmbedAsync(sentence, cancellationToken);
                ranked[i] = new Citation(hit.Memory.Id, sentence, Strength(coverage, TensorPrimitives.Dot<float>(question, vector)));
            }
        }

        ranked = [.. ranked.OrderByDescending(c => c.Strength).ThenBy(c => c.MemoryId)];

        if (ranked[0].Strength < Weak)
            return Answer.NotFound;
        if (Contradiction(found) is { } sides)
            return Conflicting(sides, found, ranked);
        var quoted = ranked.TakeWhile(c => c.Strength >= ranked[0].Strength * Supporting).DistinctBy(c => c.Quote).Take(Quotes).ToArray();
        return new Answer(Text(quoted), ranked[0].Strength >= Answered ? AnswerStatus.Answered : AnswerStatus.Partial, quoted);
    }

    private static double Coverage(IReadOnlySet<string> stems, string sentence, string memory)
    {
        if (stems.Count == 0)
            return 0;
        // Who speaks often stands only once, at the head of the memory.
        var inSentence = GraphArm.Stems(sentence);
        var inMemory = GraphArm.Stems(memory);
        var covered = stems.Sum(stem => inSentence.Contains(stem) ? 1.0 : inMemory.Contains(stem) ? 0.7 : 0);
        return covered / stems.Count;
    }

    private static double Strength(double coverage, float similarity) => Math.Round((coverage + Math.Clamp(similarity / FullSimilarity, 0, 1)) / 2, 4);

    /// <summary>A fact near the question that one memory states and another denies, neither replaced by a later statement.</summary>
    private static (GraphFact Stated, GraphFact Denied)? Contradiction(RecallResult found)
    {
        var retrieved = found.Hits.Take(MemoriesRead).Select(h => h.Memory.Id).ToHashSet();
        var near = found.GraphFacts.Where(f => f.Depth == 1 && !f.Superseded && retrieved.Contains(f.MemoryId)).ToArray();
        foreach (var denied in near.Where(f => f.Negated))
        {
            if (Array.Find(near, f => !f.Negated && (f.Subject, f.Predicate, f.Object) == (denied.Subject, denied.Predicate, denied.Object)) is { } stated)
                return (stated, denied);
        }

        return null;
    }

    private static Answer Conflicting((GraphFact Stated, GraphFact Denied) sides, RecallResult found, Citation[] ranked)
    {
        Citation[] quoted = [QuoteOf(sides.Stated.MemoryId), QuoteOf(sides.Denied.MemoryId)];
        return new Answer(Text(quoted), AnswerStatus.Conflicting, quoted);

        Citation QuoteOf(Guid memory) =>
            Array.Find(ranked, c => c.MemoryId == memory) ?? new Citation(memory, found.Hits.First(h => h.Memory.Id == memory).Memory.Content, 0);
    }

    /// <summary>The quotes, each with the id of its memory.</summary>
    internal static string Text(IReadOnlyList<Citation> quoted)
    {
        var text = new StringBuilder();
        foreach (var citation in quoted)
            text.Append(CultureInfo.InvariantCulture, $"{(text.Length > 0 ? " " : "")}{citation.Quote} [{citation.MemoryId}]");
        return text.ToString();
    }
}
