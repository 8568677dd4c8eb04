namespace Engram.Engine.Extraction.Rules;

internal sealed partial class ClauseReader
{
    /// <summary>
    /// Reads the verb at the position and the verbs coordinated with it, all of the same subjects. A comma ends what is
    /// <paramref name="nested"/> in a relative or participial phrase.
    /// </summary>
    private void ReadPredicates(List<Mention> subjects, Fronted front, bool nested, bool negated)
    {
        if (++depth > MaxDepth)
        {
            p = limit;
            depth--;
            return;
        }

        var waiting = new List<Clause>();
        VerbGroup? previous = null;
        while (VerbAt(p) is { } verb)
        {
            var clause = NewClause(subjects, verb, front, negated);
            Inherit(previous, verb, clause);
            previous = verb;
            p++;
            ReadComplements(clause, nested);
            var bare = clause.IsBare && KindAt(p) == PhraseKind.Coordinator && SharesComplements(verb, SkipAdverbs(p + 1));
            if (bare)
            {
                waiting.Add(clause);
            }
            else
            {
                Complete(waiting, clause);
                mapper.Map(clause);
            }

            if (!NextConjunct(nested))
            {
                break;
            }
        }

        waiting.ForEach(mapper.Map);
        depth--;
    }

    // "born and raised in Paris", "wrote and directed the film"; but not "died and left a son".
    private bool SharesComplements(VerbGroup verb, int next) =>
        VerbAt(next) is { } other
        && (other is { NonFinite: true, Passive: true }
            || (other.Form == verb.Form && !verb.Passive && KindAt(next + 1) == PhraseKind.Noun && !VerbClasses.IsIntransitive(verb.Lemma)));

    private Clause NewClause(List<Mention> subjects, VerbGroup verb, Fronted front, bool negated)
    {
        var clause = new Clause
        {
            Subjects = subjects,
            Verb = verb,
            VerbIndex = p,
            First = phrases[p].First,
            Last = phrases[p].Last,
            Negated = verb.Negated || negated,
            Asserted = asserted,
            Confidence = confidence,
        };
        clause.Adjuncts.AddRange(front.Adjuncts);
        clause.Times.AddRange(front.Times);
        return clause;
    }

    // "was born and raised": the second participle is passive because the first is; "did not eat or drink": both denied.
    private static void Inherit(VerbGroup? previous, VerbGroup verb, Clause clause)
    {
        if (previous is null)
        {
            return;
        }

        verb.Modal ??= verb.Form is Tag.Verb or Tag.VerbParticiple ? previous.Modal : null;
        verb.Past |= verb.Form == Tag.VerbParticiple && previous.Past;
        clause.Negated |= previous.Negated && verb.Form == Tag.Verb;
    }

    // "born and raised in Paris": the place belongs to both.
    private void Complete(List<Clause> waiting, Clause clause)
    {
        foreach (var other in waiting)
        {
            other.Objects.AddRange(clause.Objects);
            other.Adjuncts.AddRange(clause.Adjuncts);
            other.Times.AddRange(clause.Times);
            other.Last = clause.Last;
            mapper.Map(other);
        }

        waiting.Clear();
    }

    private int SkipAdverbs(int i)
    {
        while (KindAt(i) == PhraseKind.Adverb)
        {
            i++;
        }

        return i;
    }

    private bool NextConjunct(bool nested)
    {
        var at = p;
        if (KindAt(at) == PhraseKind.Comma)
        {
            if (nested && KindAt(at + 1) != PhraseKind.Coordinator)
            {
                return false;
            }

            at++;
        }

        if (KindAt(at) == PhraseKind.Coordinator)
        {
            at++;
        }

        var verb = SkipAdverbs(at);
        if (at == p || VerbAt(verb) is not { Infinitive: false } next || (next.NonFinite && next.Form == Tag.VerbIng && !nested && KindAt(p) == PhraseKind.Comma && false))
        {
            return false;
        }

        p = verb;
        return true;
    }

    private void ReadComplements(Clause clause, bool nested = false)
    {
        for (var steps = 0; steps < 60 && p < limit; steps++)
        {
            var before = p;
            switch (phrases[p].Kind)
            {
                case PhraseKind.Adverb:
                    clause.Negated |= WordAt(p) is "never" or "not";
                    p++;
                    break;
                case PhraseKind.Quote or PhraseKind.Other:
                    p++;
                    break;
                case PhraseKind.Interjection: return;
                case PhraseKind.Time: AddTime(clause, "", phrases[p]); p++; break;
                case PhraseKind.Noun: ReadObject(clause); break;
                case PhraseKind.Adjective: ReadAdjective(clause); break;
                case PhraseKind.Preposition: ReadAdjunct(clause); break;
                case PhraseKind.Verb: ReadVerbComplement(clause); break;
                case PhraseKind.Subordinator: ReadClauseComplement(clause); break;
                case PhraseKind.Wh: ReadWhComplement(clause); break;
                case PhraseKind.Comma: ReadAfterComma(clause, nested); break;
                case PhraseKind.Coordinator: ReadCoordinated(clause); break;
                case PhraseKind.Open: SkipParenthesis(); break;
            }

            if (p == before)
            {
                return;
            }

            clause.Last = Math.Max(clause.Last, 0);
        }
    }

    private static void AddTime(Clause clause, string preposition, Phrase time, TimeValue value) =>
        clause.Times.Add((preposition, value, time.First, time.Last));

    private void AddTime(Clause clause, string preposition, Phrase time) => AddTime(clause, preposition, time, tokens[time.First].Time!);

    private void ReadObject(Clause clause)
    {
        if (VerbClasses.TakesClause(clause.Verb.Lemma) && clause.Objects.Count == 0 && StartsClause(p))
        {
            ReadEmbedded(clause);
        }
        else if (clause.Objects.Count == 0 && !(clause.Adjuncts.Count > 0 && StartsClause(p)))
        {
            attributeOf = clause.Verb.Copula && tokens[phrases[p].Head].Tag != Tag.Proper ? clause.Subjects : null;
            clause.Objects = ReadNominals(false, null);
        }
        else if (clause.Seconds.Count == 0 && VerbClasses.IsDouble(clause.Verb.Lemma) && clause.Adjuncts.Count == 0 && !StartsClause(p))
        {
            clause.Seconds = clause.Objects;
            clause.Objects = ReadNominals(false, null);
        }
    }

    private void ReadAdjective(Clause clause)
    {
        var phrase = phrases[p++];
        if (!VerbClasses.IsLinking(clause.Verb.Lemma) && clause.Objects.Count == 0 && !clause.Verb.Passive)
        {
            // Only a linking verb takes an adjective: here it was taken for one by its ending.
            clause.Objects.Add(mentions.Make(new Phrase(PhraseKind.Noun, phrase.First, phrase.Last)));
            return;
        }

        clause.Adjectives.Add(mentions.Slice(phrase.First, phrase.Last));
        clause.AdjectiveSpan = (clause.AdjectiveSpan.First < 0 ? phrase.First : clause.AdjectiveSpan.First, phrase.Last);
        if (KindAt(p) == PhraseKind.Coordinator && KindAt(p + 1) == PhraseKind.Adjective && !StartsClause(p + 1))
        {
            p++;
        }
    }

    private void ReadAdjunct(Clause clause)
    {
        var preposition = WordAt(p);
        if (KindAt(p + 1) == PhraseKind.Time)
        {
            AddTime(clause, preposition, phrases[p + 1]);
            p += 2;
            if (KindAt(p) == PhraseKind.Coordinator && KindAt(p + 1) == PhraseKind.Time && preposition == "between")
            {
                AddTime(clause, "to", phrases[p + 1]);
                p += 2;
            }
        }
        else if (KindAt(p + 1) == PhraseKind.Noun)
        {
            if (IsSubordinating(preposition) && StartsClause(p + 1))
            {
                ReadSubordinate();
                return;
            }

            p++;
            clause.Adjuncts.AddRange(ReadNominals(false, preposition).Select(m => new Adjunct(preposition, m)));
        }
        else if (VerbAt(p + 1) is { Form: Tag.VerbIng })
        {
            p++;
            clause.Adjuncts.Add(new Adjunct(preposition, ReadGerund()));
        }
        else
        {
            p++;
        }
    }

    /// <summary>"playing the guitar in Rome" as a thing one can like: the verb with its object.</summary>
    private Mention ReadGerund()
    {
        var first = phrases[p].First;
        var last = phrases[p++].Last;
        if (KindAt(p) == PhraseKind.Noun && !StartsClause(p))
        {
            last = ReadNominals(false, null)[^1].Last;
        }
        else if (KindAt(p) == PhraseKind.Preposition && KindAt(p + 1) == PhraseKind.Noun)
        {
            p++;
            last = ReadNominals(false, WordAt(p - 1))[^1].Last;
        }

        return GerundMention(first, last);
    }

    private Mention GerundMention(int first, int last) => new()
    {
        Name = mentions.Slice(first, last),
        Core = mentions.Slice(first, last),
        Head = tokens[first].Lower,
        First = first,
        Last = last,
        Clausal = true,
    };

    private void ReadAfterComma(Clause clause, bool nested)
    {
        switch (KindAt(p + 1))
        {
            case PhraseKind.Wh when lastNominal is not null && WordAt(p + 1) is "which" or "who" or "whom" or "whose" or "where":
                p++;
                ReadRelative(lastNominal, false);
                break;
            case PhraseKind.Wh or PhraseKind.Subordinator:
                p++;
                break;
            case PhraseKind.Time when !StartsClause(p + 2) && !IsFinite(p + 2):
            case PhraseKind.Adverb when KindAt(p + 2) is PhraseKind.Preposition or PhraseKind.Comma or null:
                p++;
                break;
            case PhraseKind.Preposition when KindAt(p + 2) is PhraseKind.Noun or PhraseKind.Time && !StartsClause(p + 2) && !AdjunctStartsClause(p + 1):
                p++;
                break;
            case PhraseKind.Verb when VerbAt(p + 1) is { NonFinite: true, Form: Tag.VerbIng } participial:
                participial.Governor = clause.Verb;
                p++;
                ReadPredicates(clause.Subjects, new Fronted(), nested: true, negated: false);
                break;
            case PhraseKind.Verb when VerbAt(p + 1) is { NonFinite: true, Passive: true } && !nested && lastNominal is not null && clause.Objects.Count + clause.Adjuncts.Count > 0:
                p++;
                ReadPredicates([lastNominal], new Fronted(), nested: true, negated: false);
                break;
        }
    }

    // ", in 1990 he left": the phrase opens a new clause.
    private bool AdjunctStartsClause(int i)
    {
        var k = i;
        while (KindAt(k) == PhraseKind.Preposition && KindAt(k + 1) is PhraseKind.Noun or PhraseKind.Time)
        {
            k += 2;
        }

        return StartsClause(k) || (KindAt(k) == PhraseKind.Comma && StartsClause(k + 1));
    }

    private void ReadCoordinated(Clause clause)
    {
        if (KindAt(p + 1) == PhraseKind.Preposition && KindAt(p + 2) is PhraseKind.Noun or PhraseKind.Time && !AdjunctStartsClause(p + 1))
        {
            p++;
        }
        else if (KindAt(p + 1) == PhraseKind.Adjective && clause.Verb.Copula)
        {
            p++;
        }
        else if (KindAt(p + 1) == PhraseKind.Noun && !StartsClause(p + 1) && clause.Objects.Count > 0 && clause.Adjuncts.Count == 0 && WordAt(p) != "but")
        {
            p++;
            clause.Objects.AddRange(ReadNominals(false, null));
        }
    }
}
