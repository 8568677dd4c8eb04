namespace Engram.Engine.Extraction.Rules;

/// <summary>
/// Extracts triples from English text with rules and word lists only: no model, no network, the same result every time.
/// Tokens are tagged, grouped into phrases and read as clauses; see docs/decisions/0004-rule-extractor.md for what it can and
/// cannot do, with figures. Texts in other languages give nothing.
/// </summary>
/// <remarks>Stateless and thread-safe. Time is linear in the text: sentences are cut at a fixed length and every look-ahead stays inside one.</remarks>
public sealed class RuleExtractor : ITripleExtractor
{
    /// <summary>Most triples one text can give; the most confident ones are kept.</summary>
    public const int MaxTriples = 64;

    private static readonly string[] NotSpeakers = ["note", "warning", "re", "subject", "time", "date", "email", "phone", "address", "summary", "example", "ps", "http", "https", "tip", "todo", "reminder", "fact", "info", "important", "update", "question", "answer", "title", "name", "source", "context", "p.s"];

    /// <summary>Names that say nothing without their context.</summary>
    private static readonly string[] Uninformative =
        ["it", "this", "that", "these", "those", "something", "anything", "everything", "nothing", "one", "way", "lot", "bit", "thing", "things", "time", "fact", "there", "what", "which", "who", "nobody", "none", "neither",
         "someone", "anyone", "everyone", "ones", "others", "other", "such", "so", "a", "an", "the", "much", "few", "several", "any", "no", "better", "last", "least", "while", "some", "many", "more", "all", "both", "each", "you", "he", "she", "they", "him", "them", "us", "we", "me", "i"];

    /// <inheritdoc />
    public string Name => "rules/1";

    /// <summary>Leaves pronouns as they stand, as open information extraction benchmarks expect. For the benchmark, never for storage.</summary>
    internal bool KeepPronouns { get; init; }

    /// <inheritdoc />
    public ValueTask<ExtractionResult> ExtractAsync(ExtractionInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        return ValueTask.FromResult(Extract(input, cancellationToken));
    }

    private ExtractionResult Extract(ExtractionInput input, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(input.Text) || !LanguageGate.IsEnglish(input.Text, input.Language ?? ""))
        {
            return ExtractionResult.Empty;
        }

        var speaker = string.IsNullOrWhiteSpace(input.Speaker) ? "user" : input.Speaker;
        var mentions = new Mentions(input.Text, speaker, KeepPronouns);
        var sink = new TripleSink(KeepPronouns ? [] : Uninformative);
        var mapper = new RelationMapper(mentions, sink, input.EventTime, !KeepPronouns);
        var dates = new DateReader(input.EventTime);
        var sentences = new Tokenizer(input.Text).Sentences().ToList();
        var tagger = new Tagger(NamesIn(sentences));
        foreach (var (all, question) in sentences)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var tokens = TakeSpeaker(all, input.Text, mentions);
            if (question || tokens.Count < 2 || sink.IsFull)
            {
                continue;
            }

            dates.Mark(tokens);
            tagger.Tag(tokens);
            mentions.Tokens = tokens;
            sink.Tokens = tokens;
            new ClauseReader(tokens, new Chunker(tokens).Chunk(), mentions, mapper).Read();
        }

        return sink.Finish(MaxTriples, new EvidenceCheck(input.Text, speaker));
    }

    /// <summary>"Anna: I moved to Rome": at the start of a line the name says who "I" is from here on.</summary>
    private static List<Token> TakeSpeaker(List<Token> tokens, string text, Mentions mentions)
    {
        var colon = tokens.FindIndex(0, Math.Min(5, tokens.Count), t => t.Text == ":");
        var first = tokens[0];
        if (colon is < 1 or > 3 || !(first.Start == 0 || text[first.Start - 1] is '\n' or '\r' || text.AsSpan(0, first.Start).IsWhiteSpace())
            || !tokens.Take(colon).All(t => t.Capital || t.IsNumber || colon == 1 && t.Lower is "user" or "assistant")
            || NotSpeakers.Contains(first.Lower)
            || (colon == 1 && Lexicon.Instance.Lookup(first.Lower) is { Classes: var known } && (known & (WordClass.Base | WordClass.Closed | WordClass.Adjective | WordClass.Adverb)) != 0 && (known & WordClass.Noun) == 0))
        {
            return tokens;
        }

        var name = text[first.Start..tokens[colon - 1].End];
        name = first.Lower is "user" or "me" && colon == 1 ? mentions.Owner : name;
        if (!string.Equals(name, mentions.Speaker, StringComparison.Ordinal))
        {
            mentions.Listener = mentions.Named ? mentions.Speaker : null;
            mentions.Speaker = name;
        }

        mentions.Named = true;
        return tokens[(colon + 1)..];
    }

    /// <summary>Words capitalised where no sentence starts: names wherever else they stand.</summary>
    private static HashSet<string> NamesIn(List<(List<Token> Tokens, bool Question)> sentences)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (tokens, _) in sentences)
        {
            for (var i = 1; i < tokens.Count; i++)
            {
                if (tokens[i].Capital && tokens[i].IsWord && tokens[i].Length > 1 && tokens[i - 1].Tag is not (Tag.Quote or Tag.Break or Tag.Open))
                {
                    names.Add(tokens[i].Text);
                }
            }
        }

        return names;
    }
}
