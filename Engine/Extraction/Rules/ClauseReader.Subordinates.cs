namespace Engram.Engine.Extraction.Rules;

/// <summary>Clauses inside clauses: infinitives, gerunds, "that" and "when" clauses.</summary>
internal sealed partial class ClauseReader
{
    private void ReadVerbComplement(Clause clause)
    {
        var verb = VerbAt(p)!;
        verb.Governor = clause.Verb;
        if (verb.Infinitive)
        {
            ReadInfinitive(clause, verb);
        }
        else if (verb is { NonFinite: true, Form: Tag.VerbIng } && clause.Objects.Count == 0 && !clause.Verb.Copula)
        {
            if (clause.Verb.Lemma is "start" or "begin" or "keep" or "continue")
            {
                ReadPredicates(clause.Subjects, new Fronted(), nested: true, clause.Negated);
            }
            else
            {
                clause.Objects.Add(ReadGerund());
            }
        }
        else if (verb is { NonFinite: true, Form: Tag.VerbIng })
        {
            ReadPredicates(lastNominal is { } last && clause.Objects.Contains(last) ? [last] : clause.Subjects, new Fronted(), nested: true, negated: false);
        }
        else if (verb is { NonFinite: true, Form: Tag.VerbParticiple } && lastNominal is { } noun && phrases[p - 1].Last == noun.Last)
        {
            ReadPredicates(noun.StandsFor ?? [noun], new Fronted(), nested: true, negated: false);
        }
    }

    private void ReadInfinitive(Clause clause, VerbGroup verb)
    {
        var lemma = clause.Verb.Lemma;
        if (IsEmptyIt(clause))
        {
            // "It is great to see you" says nothing of "it".
            clause.Asserted = false;
        }

        if (VerbClasses.TakesGerund(lemma) && clause.Objects.Count == 0 && !clause.Verb.Unreal)
        {
            // "likes to swim" likes "swim"; the marker itself is not part of what is liked.
            var gerund = ReadGerund();
            clause.Objects.Add(GerundMention(verb.Main, gerund.Last));
            return;
        }

        var (wasAsserted, wasConfidence) = (asserted, confidence);
        verb.Infinitive = false;
        verb.Past = clause.Verb.Past;
        if (VerbClasses.IsRaising(lemma) && clause.Objects.Count == 0 && !clause.Verb.Copula)
        {
            ReadPredicates(clause.Subjects, new Fronted(), nested: true, clause.Negated);
        }
        else
        {
            var inner = NewClause(clause.Subjects, verb, new Fronted(), clause.Negated);
            inner.Asserted = asserted && !clause.Verb.Unreal && !IsEmptyIt(clause);
            inner.Prefix = (clause.Verb.Passive || clause.Verb.Copula && clause.Adjectives.Count > 0 ? string.Join('_', clause.Adjectives.DefaultIfEmpty(lemma)) : lemma) + "_to";
            inner.Confidence = 0.55;
            p++;
            ReadComplements(inner);
            mapper.Map(inner);
        }

        verb.Infinitive = true;
        (asserted, confidence) = (wasAsserted, wasConfidence);
    }

    private static bool IsEmptyIt(Clause clause) => clause.Subjects.Count == 1 && clause.Subjects[0] is { Pronoun: true, Head: "it" } && clause.Verb.Copula;

    private void ReadClauseComplement(Clause clause)
    {
        if (WordAt(p) == "that" && (VerbClasses.TakesClause(clause.Verb.Lemma) || clause.Verb.Copula || clause.Adjectives.Count > 0))
        {
            p++;
            clause.Asserted &= !IsEmptyIt(clause);
            ReadEmbedded(clause);
        }
        else if (WordAt(p) is "if" or "unless" or "whether" or "provided" or "lest")
        {
            clause.Asserted &= !IsCondition(WordAt(p));
            ReadSubordinate();
        }
        else
        {
            ReadSubordinate();
        }
    }

    /// <summary>What somebody says, thinks or hopes: weaker than a statement of its own, or none at all.</summary>
    private void ReadEmbedded(Clause clause)
    {
        var (wasAsserted, wasConfidence) = (asserted, confidence);
        var lemma = clause.Verb.Lemma;
        asserted = asserted && !VerbClasses.IsUnreal(lemma) && !clause.Negated && !clause.Verb.Unreal;
        confidence = VerbClasses.IsHedged(lemma) ? Math.Min(confidence, 0.5) : confidence;
        ReadClause();
        (asserted, confidence) = (wasAsserted, wasConfidence);
    }

    private void ReadWhComplement(Clause clause)
    {
        if (WordAt(p) is "when" or "while" or "where" && (StartsClause(p + 1) || IsFinite(p + 1)) && WordAt(p) != "where")
        {
            ReadSubordinate();
        }
        else if (lastNominal is not null && clause.Objects.Count + clause.Adjuncts.Count > 0 && WordAt(p) is not ("what" or "how" or "why"))
        {
            ReadRelative(lastNominal, false);
        }
        else
        {
            // "knows what Tom likes": a question inside a statement.
            ReadSubordinate();
        }
    }
}
