namespace Engram.Engine.Extraction.Rules;

/// <summary>
/// Reads the clauses of one sentence from its phrases, left to right, and hands each to the relation mapper. Three mutually
/// recursive parts: clauses (here), nominals with what qualifies them, predicates with what completes them. Every loop either
/// advances or returns and recursion is bounded, so any input ends.
/// </summary>
internal sealed partial class ClauseReader(List<Token> tokens, List<Phrase> phrases, Mentions mentions, RelationMapper mapper)
{
    private const int MaxDepth = 8;

    private int p;
    private int limit = phrases.Count;
    private int depth;
    private bool asserted = true;
    private double confidence = 0.7;
    private Mention? lastNominal;

    /// <summary>Set while the attribute of a copula is read: the subjects it describes.</summary>
    private List<Mention>? attributeOf;

    /// <summary>What stands before the subject and belongs to the verb to come.</summary>
    private sealed class Fronted
    {
        public List<Adjunct> Adjuncts { get; } = [];
        public List<(string Preposition, TimeValue Time, int First, int Last)> Times { get; } = [];
        public List<(int Start, int End)> Participials { get; } = [];
        public bool Negated { get; set; }
    }

    public void Read()
    {
        while (p < limit)
        {
            var before = p;
            ReadClause();
            if (p == before)
            {
                p++;
            }
        }
    }

    private PhraseKind? KindAt(int i) => i >= 0 && i < limit ? phrases[i].Kind : null;

    private VerbGroup? VerbAt(int i) => KindAt(i) == PhraseKind.Verb ? phrases[i].Verb : null;

    private bool IsFinite(int i) => VerbAt(i) is { NonFinite: false, Infinitive: false };

    private string WordAt(int i) => i >= 0 && i < limit ? tokens[phrases[i].First].Lower : "";

    private void ReadClause()
    {
        if (++depth > MaxDepth)
        {
            p = limit;
            depth--;
            return;
        }

        var (wasAsserted, wasConfidence) = (asserted, confidence);
        var front = new Fronted();
        var start = p;
        ReadFront(front);
        if (KindAt(p) == PhraseKind.Existential)
        {
            ReadExistential(front);
        }
        else if (KindAt(p) == PhraseKind.Noun || StartsGerundSubject(p))
        {
            ReadSubjectAndPredicate(front);
        }
        else if (VerbAt(p) is { } verb)
        {
            ReadSubjectless(verb, front, start);
        }

        (asserted, confidence) = (wasAsserted, wasConfidence);
        depth--;
    }

    private void ReadFront(Fronted front)
    {
        while (p < limit)
        {
            var before = p;
            switch (phrases[p].Kind)
            {
                case PhraseKind.Comma or PhraseKind.Interjection or PhraseKind.Coordinator or PhraseKind.Break or PhraseKind.Quote or PhraseKind.Other or PhraseKind.Close:
                    p++;
                    break;
                case PhraseKind.Adverb:
                    front.Negated |= tokens[phrases[p].First].Tag == Tag.Negation;
                    p++;
                    break;
                case PhraseKind.Subordinator or PhraseKind.Wh:
                    // "If I win, I will ...": the condition holds for what follows it, too.
                    asserted &= !IsCondition(WordAt(p));
                    ReadSubordinate();
                    break;
                case PhraseKind.Time when !IsFinite(p + 1):
                    front.Times.Add(("", tokens[phrases[p].First].Time!, phrases[p].First, phrases[p].Last));
                    p++;
                    break;
                case PhraseKind.Preposition:
                    ReadFrontedPreposition(front);
                    break;
                case PhraseKind.Adjective when KindAt(p + 1) is PhraseKind.Comma or PhraseKind.Preposition:
                    p++;
                    break;
                case PhraseKind.Open:
                    SkipParenthesis();
                    break;
                case PhraseKind.Verb when VerbAt(p) is { NonFinite: true } or { Infinitive: true } && CommaBeforeSubject(p) is { } comma:
                    if (VerbAt(p) is { NonFinite: true })
                    {
                        front.Participials.Add((p, comma));
                    }

                    p = comma + 1;
                    break;
                default:
                    return;
            }

            if (p == before)
            {
                return;
            }
        }
    }

    private void ReadFrontedPreposition(Fronted front)
    {
        var preposition = WordAt(p);
        if (KindAt(p + 1) == PhraseKind.Time)
        {
            var time = phrases[p + 1];
            front.Times.Add((preposition, tokens[time.First].Time!, phrases[p].First, time.Last));
            p += 2;
        }
        else if (KindAt(p + 1) == PhraseKind.Noun)
        {
            if (IsSubordinating(preposition) && StartsClause(p + 1))
            {
                ReadSubordinate();
                return;
            }

            p++;
            foreach (var mention in ReadNominals(false, preposition))
            {
                front.Adjuncts.Add(new Adjunct(preposition, mention));
            }
        }
        else if (VerbAt(p + 1) is { NonFinite: true } && CommaBeforeSubject(p + 1) is { } comma)
        {
            // "After moving to Rome, ..." happened; "instead of", "without", "despite" and their like did not, or not surely.
            if (preposition is "after" or "by" or "upon" or "on" or "since" or "while" or "in" or "through")
            {
                front.Participials.Add((p + 1, comma));
            }

            p = comma + 1;
        }
        else
        {
            p++;
        }
    }

    /// <summary>The comma that ends an opening participial phrase and is followed by a subject.</summary>
    private int? CommaBeforeSubject(int from)
    {
        for (var i = from + 1; i < limit && i - from < 14; i++)
        {
            if (KindAt(i) == PhraseKind.Comma && KindAt(i + 1) is PhraseKind.Noun && StartsClause(i + 1))
            {
                return i;
            }

            if (IsFinite(i))
            {
                return null;
            }
        }

        return null;
    }

    private static bool IsSubordinating(string word) => word is "as" or "since" or "before" or "after" or "until" or "till" or "than" or "like" or "except";

    /// <summary>"if ...": its clause is read as not asserted; "because ...", "when ...": asserted as far as it is in the past or present.</summary>
    private void ReadSubordinate()
    {
        var word = WordAt(p);
        var (wasAsserted, wasConfidence) = (asserted, confidence);
        p++;
        if (word is "if" or "unless" or "whether" or "lest" or "provided" or "than" or "whenever" or "what" or "how" or "why" or "whoever" or "whatever" or "like"
            || (word == "as" && WordAt(p) == "if"))
        {
            asserted = false;
        }

        var end = limit;
        var comma = ClauseEnd(p);
        limit = comma;
        asserted &= !(word is "when" or "once" or "until" or "till" or "before" && !IsPast());
        confidence = Math.Min(confidence, 0.55);
        ReadClause();
        limit = end;
        p = Math.Max(p, comma < end ? comma : p);
        (asserted, confidence) = (wasAsserted, wasConfidence);
    }

    private static bool IsCondition(string word) => word is "if" or "unless" or "provided" or "lest";

    /// <summary>Is the next tensed verb in the past or perfect? "When I have kids" has not happened.</summary>
    private bool IsPast()
    {
        for (var i = p; i < limit; i++)
        {
            if (IsFinite(i))
            {
                return VerbAt(i) is { Past: true } or { Perfect: true };
            }
        }

        return false;
    }

    /// <summary>Where an opening subordinate clause ends: at the comma after its verb that is followed by a subject.</summary>
    private int ClauseEnd(int from)
    {
        var seen = false;
        for (var i = from; i < limit; i++)
        {
            seen |= IsFinite(i);
            if (seen && KindAt(i) == PhraseKind.Comma && (StartsClause(i + 1) || KindAt(i + 1) is PhraseKind.Existential or PhraseKind.Adverb or PhraseKind.Preposition or PhraseKind.Time))
            {
                return i;
            }
        }

        return limit;
    }

    private void SkipParenthesis()
    {
        while (p < limit && phrases[p].Kind != PhraseKind.Close)
        {
            p++;
        }

        p = Math.Min(limit, p + 1);
    }

    private bool StartsGerundSubject(int i)
    {
        if (VerbAt(i) is not { NonFinite: true, Form: Tag.VerbIng })
        {
            return false;
        }

        for (var k = i + 1; k < limit && k - i < 5; k++)
        {
            if (IsFinite(k))
            {
                return true;
            }

            if (KindAt(k) is not (PhraseKind.Noun or PhraseKind.Preposition or PhraseKind.Adverb))
            {
                return false;
            }
        }

        return false;
    }

    private void ReadSubjectAndPredicate(Fronted front)
    {
        List<Mention> subjects;
        if (KindAt(p) == PhraseKind.Verb)
        {
            var verb = p;
            while (p < limit && !(p > verb && IsFinite(p)))
            {
                p++;
            }

            subjects = [GerundMention(phrases[verb].First, phrases[p - 1].Last)];
        }
        else
        {
            subjects = ReadNominals(true, null);
        }

        var negated = front.Negated;
        while (KindAt(p) is PhraseKind.Adverb or PhraseKind.Comma or PhraseKind.Close && IsFiniteAhead(p))
        {
            negated |= WordAt(p) is "never" or "not";
            p++;
        }

        if (!IsFinite(p))
        {
            return;
        }

        foreach (var (start, end) in front.Participials)
        {
            ReadRange(start, end, subjects);
        }

        mentions.Note(subjects);
        ReadPredicates(subjects, front, nested: false, negated);
    }

    private bool IsFiniteAhead(int i)
    {
        for (var k = i; k < limit && k - i < 4; k++)
        {
            if (IsFinite(k))
            {
                return true;
            }

            if (KindAt(k) is not (PhraseKind.Adverb or PhraseKind.Comma or PhraseKind.Close))
            {
                return false;
            }
        }

        return false;
    }

    /// <summary>Reads a participial phrase that stands elsewhere as a predicate of <paramref name="subjects"/>.</summary>
    private void ReadRange(int start, int end, List<Mention> subjects)
    {
        var (at, to) = (p, limit);
        p = start;
        limit = end;
        ReadPredicates(subjects, new Fronted(), nested: true, negated: false);
        p = at;
        limit = to;
    }
}
