using System.Text;
using Engram.Engine.Buckets;
using Engram.Engine.Embeddings;
using Engram.Engine.Prompts;

namespace Engram.Engine.Recall;

/// <summary>Something the model was given under a number and may cite.</summary>
/// <param name="Number">From 1.</param>
/// <param name="MemoryId">The memory it is, or that says it.</param>
/// <param name="Text">Its words.</param>
internal sealed record ContextSource(int Number, Guid MemoryId, string Text);

/// <summary>Memories, graph facts and profiles, numbered, fenced as untrusted data, and cut to a budget of tokens. The best come first and are cut last.</summary>
internal sealed class ContextPack
{
    // Shares of the budget. What profiles and facts do not use is the memories'.
    private const double ProfileShare = 0.15;
    private const double FactShare = 0.2;
    private const double LongestMemoryShare = 0.5;
    private const int LeastMemoryTokens = 60;
    private const int FenceTokens = 14;

    private readonly List<ContextSource> _sources = [];
    private readonly StringBuilder _text = new();

    private ContextPack()
    {
    }

    /// <summary>The fenced blocks.</summary>
    public string Text => _text.ToString();

    /// <summary>Estimated tokens.</summary>
    public int Tokens { get; private set; }

    /// <summary>What may be cited.</summary>
    public IReadOnlyList<ContextSource> Sources => _sources;

    /// <summary>Memories left out or cut because the budget was used up.</summary>
    public int Cut { get; private set; }

    public Guid? MemoryOf(int number) => number >= 1 && number <= _sources.Count ? _sources[number - 1].MemoryId : null;

    public static ContextPack Build(string query, RecallResult found, IReadOnlyList<BucketProfile> profiles, int budget)
    {
        var pack = new ContextPack();
        var stems = GraphArm.Stems(query);
        foreach (var profile in profiles.Where(p => p.Text.Length > 0))
            pack.AddProfile(profile, (int)(budget * ProfileShare / profiles.Count));
        var facts = Facts(found, (int)(budget * FactShare));
        var left = budget - pack.Tokens - facts.Sum(f => f.Tokens);
        foreach (var hit in found.Hits)
            pack.AddMemory(hit, stems, ref left);
        foreach (var (fact, words, tokens) in facts)
            pack.Add(fact.MemoryId, words, Fence.Fact(pack._sources.Count + 1, fact.Timestamp, words), tokens);
        return pack;
    }

    private static List<(GraphFact Fact, string Words, int Tokens)> Facts(RecallResult found, int budget)
    {
        var facts = new List<(GraphFact, string, int)>();
        foreach (var fact in found.GraphFacts)
        {
            var words = WordsOf(fact);
            var tokens = TokenEstimate.Of(words) + FenceTokens;
            budget -= tokens;
            if (budget < 0)
                break;
            facts.Add((fact, words, tokens));
        }

        return facts;
    }

    private static string WordsOf(GraphFact fact) =>
        $"{fact.Subject} {(fact.Negated ? "not " : "")}{fact.Predicate.Replace('_', ' ')} {fact.Object}{(fact.Superseded ? " (superseded)" : "")}";

    private void AddProfile(BucketProfile profile, int budget)
    {
        // Whole lines only: half a line is a wrong one.
        var text = new StringBuilder();
        var tokens = FenceTokens;
        foreach (var line in profile.Text.Split('\n'))
        {
            tokens += TokenEstimate.Of(line);
            if (tokens > budget)
                break;
            text.Append(text.Length > 0 ? "\n" : "").Append(line);
        }

        if (text.Length == 0)
            return;
        _text.Append(Fence.Profile(profile.BucketName, text.ToString())).Append('\n');
        Tokens += TokenEstimate.Of(text.ToString()) + FenceTokens;
    }

    private void AddMemory(RecallHit hit, IReadOnlySet<string> stems, ref int left)
    {
        var tokens = TokenEstimate.Of(hit.Memory.Content) + FenceTokens;
        var content = hit.Memory.Content;
        var most = Math.Min(left, Math.Max(LeastMemoryTokens, (int)(left * LongestMemoryShare)));
        if (tokens > left || tokens > most)
        {
            Cut++;
            if (most < LeastMemoryTokens)
                return;
            content = Excerpt(content, stems, most - FenceTokens);
            tokens = TokenEstimate.Of(content) + FenceTokens;
        }

        left -= tokens;
        Add(hit.Memory.Id, content, Fence.Memory(_sources.Count + 1, hit.Memory.OccurredAt, content), tokens);
    }

    private void Add(Guid memory, string words, string block, int tokens)
    {
        _sources.Add(new ContextSource(_sources.Count + 1, memory, words));
        _text.Append(block).Append('\n');
        Tokens += tokens;
    }

    /// <summary>The sentences that share most words with the question, in the order of the text, with marks where something is left out.</summary>
    private static string Excerpt(string content, IReadOnlySet<string> stems, int budget)
    {
        var sentences = TextChunker.Sentences(content).ToArray();
        var taken = new SortedSet<int>();
        foreach (var (index, _) in sentences.Select((s, i) => (i, GraphArm.Stems(s).Count(stems.Contains))).OrderByDescending(s => s.Item2).ThenBy(s => s.i))
        {
            var tokens = TokenEstimate.Of(sentences[index]) + 2;
            if (tokens <= budget)
            {
                budget -= tokens;
                taken.Add(index);
            }
        }

        if (taken.Count == 0)
            return content[..Math.Min(content.Length, Math.Max(1, budget))] + " […]";
        var text = new StringBuilder();
        var last = -1;
        foreach (var index in taken)
        {
            text.Append(index == last + 1 ? (text.Length > 0 ? " " : "") : text.Length > 0 ? " […] " : "[…] ").Append(sentences[index]);
            last = index;
        }

        return last < sentences.Length - 1 ? text.Append(" […]").ToString() : text.ToString();
    }
}
