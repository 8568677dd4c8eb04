namespace Engram.Engine.Extraction.Rules;

/// <summary>Decides between noun, verb form, adjective and adverb for one open-class word, knowing the tags to its left.</summary>
internal readonly struct OpenClass(List<Token> tokens, int index)
{
    private Token? At(int i) => i >= 0 && i < tokens.Count ? tokens[i] : null;

    private bool Can(int i, WordClass classes) => At(i) is { } t && t.Tag != Tag.Time && (t.Classes & classes) != 0;

    public Tag Decide(Token token, bool hasFinite, int previousContent)
    {
        var classes = token.Classes;
        if ((classes & WordClass.AnyVerb) == 0)
        {
            return NonVerb(classes);
        }

        var previous = At(previousContent) ?? At(-1);
        var left = previousContent < index && previousContent >= 0 ? previous : null;
        if (left is null)
        {
            return Initial(classes);
        }

        if ((classes & WordClass.Ing) != 0)
        {
            return Ing(classes, left);
        }

        if ((classes & (WordClass.Past | WordClass.Participle)) != 0)
        {
            return Past(token, classes, left, previousContent, hasFinite);
        }

        return Present(classes, left, hasFinite);
    }

    private Tag NonVerb(WordClass classes)
    {
        var both = (classes & WordClass.Adjective) != 0 && (classes & WordClass.Noun) != 0;
        if (both)
        {
            return Can(index + 1, WordClass.Noun | WordClass.Adjective) || At(index + 1)?.Tag == Tag.Proper || AfterBe() ? Tag.Adjective : Tag.Noun;
        }

        return (classes & WordClass.Adjective) != 0 ? Tag.Adjective
            : (classes & WordClass.Adverb) != 0 ? Tag.Adverb
            : Tag.Noun;
    }

    private bool AfterBe()
    {
        var k = index - 1;
        while (k > 0 && tokens[k].Tag is Tag.Adverb or Tag.Negation)
        {
            k--;
        }

        return k >= 0 && tokens[k].Lemma is "be" or "become" or "feel" or "seem";
    }

    private bool NextStartsObject() =>
        At(index + 1) is { } t && (t.Tag is Tag.Determiner or Tag.PossPronoun or Tag.Pronoun or Tag.Proper or Tag.Number or Tag.Time || t.Lower is "that" or "to");

    private Tag Initial(WordClass classes)
    {
        if ((classes & WordClass.Ing) != 0)
        {
            return (classes & WordClass.Noun) != 0 && !NextStartsObject() ? Tag.Noun : Tag.VerbIng;
        }

        if ((classes & WordClass.Participle) != 0 && (classes & WordClass.Base) == 0)
        {
            return (At(index + 1)?.Tag == Tag.Preposition) ? Tag.VerbParticiple : (classes & WordClass.Past) != 0 ? Tag.VerbPast : Tag.VerbParticiple;
        }

        if ((classes & WordClass.Third) != 0)
        {
            return (classes & WordClass.Noun) != 0 && !NextStartsObject() ? Tag.Noun : Tag.VerbThird;
        }

        return (classes & (WordClass.Noun | WordClass.Adjective)) == 0 || (NextStartsObject() && At(index + 1)?.Tag != Tag.Proper) ? Tag.Verb : NonVerb(classes & ~WordClass.AnyVerb | WordClass.Noun);
    }

    private Tag Ing(WordClass classes, Token left)
    {
        if (left.Lemma is "be" or "have" or "keep" or "start" or "enjoy" or "love" or "like" or "stop" or "go" && left.IsVerb)
        {
            return (classes & WordClass.Noun) != 0 && left.Lemma is not ("be" or "keep") && !NextStartsObject() && At(index + 1)?.Tag != Tag.Preposition ? Tag.Noun : Tag.VerbIng;
        }

        if (left.Tag == Tag.Comma && At(index + 1) is { Classes: WordClass.Noun, Tag: Tag.Noun } job && Lexicon.Instance.KindOf(job.Lower) == "person")
        {
            return Tag.Noun;
        }

        return left.Tag switch
        {
            Tag.Determiner or Tag.PossPronoun or Tag.Possessive or Tag.Number => Can(index + 1, WordClass.Noun) && At(index + 1)!.Classes == WordClass.Noun ? Tag.Adjective : Tag.Noun,
            Tag.Adjective => Can(index + 1, WordClass.Noun) ? Tag.Adjective : Tag.Noun,
            Tag.Preposition => (classes & WordClass.Noun) != 0 && !NextStartsObject() || NextIsBareNoun() && left.Lower is not ("by" or "of" or "in" or "for" or "after" or "before" or "at") ? Tag.Noun : Tag.VerbIng,
            Tag.Noun when (classes & WordClass.Noun) != 0 && !NextStartsObject() => Tag.Noun,
            Tag.Symbol when Can(index + 1, WordClass.Noun) => Tag.Noun,
            _ => Tag.VerbIng,
        };
    }

    private bool NextIsBareNoun() => At(index + 1) is { Classes: WordClass.Noun, Tag: Tag.Noun };

    private Tag Past(Token token, WordClass classes, Token left, int leftIndex, bool hasFinite)
    {
        var participle = (classes & WordClass.Participle) != 0;
        var past = (classes & WordClass.Past) != 0;
        var invariant = (classes & WordClass.Base) != 0;
        if (left.Tag == Tag.Negation && leftIndex > 0)
        {
            left = tokens[leftIndex - 1];
        }

        if (left.Tag is Tag.To or Tag.Modal || (left.Lemma == "do" && left.IsVerb))
        {
            return invariant ? Tag.Verb : participle ? Tag.VerbParticiple : Tag.VerbPast;
        }

        if (participle && left.Lemma is "be" or "have" or "get" && left.IsVerb)
        {
            return Tag.VerbParticiple;
        }

        if (left.Tag is Tag.Determiner or Tag.PossPronoun or Tag.Possessive or Tag.Adjective or Tag.Number
            || (left.Tag == Tag.Preposition && (NextNominal() || !past)))
        {
            return participle && NextNominal() ? Tag.Adjective : (classes & WordClass.Noun) != 0 ? Tag.Noun : participle ? (left.Tag == Tag.Adjective ? Tag.VerbParticiple : Tag.Adjective) : Tag.Noun;
        }

        if (!past)
        {
            // "I run", "they come": base form and participle are one.
            return invariant ? Present(classes & ~WordClass.Participle, left, hasFinite) : Tag.VerbParticiple;
        }

        if (!participle)
        {
            return Tag.VerbPast;
        }

        return IsReduced(token, left, hasFinite) ? Tag.VerbParticiple : Tag.VerbPast;
    }

    private bool NextNominal() => At(index + 1) is { } n && (n.Tag == Tag.Proper || Can(index + 1, WordClass.Noun | WordClass.Adjective)) && n.Classes != WordClass.Closed;

    /// <summary>Ambiguous -ed form: past tense of the clause, or participle of a reduced relative ("the house built in 1900")?</summary>
    private bool IsReduced(Token token, Token left, bool hasFinite)
    {
        if (left.Tag is Tag.Pronoun or Tag.Wh or Tag.Existential)
        {
            return false;
        }

        var next = At(index + 1);
        if (next?.Lower == "by" && token.Lemma is not ("pass" or "stop" or "drop" or "go"))
        {
            return true;
        }

        var nextIsPrep = next?.Tag == Tag.Preposition || next?.Lower is "to";
        if (left.Tag == Tag.Comma || left.Tag is Tag.Open or Tag.Break)
        {
            // ", located in X": a participle keeps its preposition; ", moved to X, and ..." is a list of predicates, rarer.
            // With no other tensed verb in the sentence it is the main verb: "Anna, a painter from Bergen, moved to Oslo".
            var before = HasFiniteBeforeComma();
            return nextIsPrep && (before ? VerbClasses.IsStative(token.Lemma!) : FiniteLater());
        }

        if (left.Tag == Tag.Coordinator)
        {
            return PairsWithParticiple();
        }

        if (!left.IsNominal && left.Tag is not (Tag.Time or Tag.Close or Tag.Quote or Tag.Number))
        {
            return false;
        }

        return hasFinite ? (nextIsPrep || next?.Tag is Tag.Proper or Tag.Adverb or Tag.To) && left.IsNominal : FiniteFollows() && (nextIsPrep || VerbClasses.IsStative(token.Lemma!));
    }

    private bool HasFiniteBeforeComma()
    {
        for (var k = index - 1; k >= 0; k--)
        {
            if (tokens[k].Tag is Tag.VerbPast or Tag.VerbThird or Tag.Modal)
            {
                return true;
            }
        }

        return false;
    }

    private bool FiniteLater()
    {
        for (var k = index + 1; k < tokens.Count; k++)
        {
            if (tokens[k].Tag == Tag.Modal
                || (Can(k, WordClass.Past | WordClass.Third) && (tokens[k].Classes & WordClass.Noun) == 0 && tokens[k - 1].Tag is not (Tag.Coordinator or Tag.Wh or Tag.Pronoun) && tokens[k - 1].Lower is not ("who" or "which" or "that")))
            {
                return true;
            }
        }

        return false;
    }

    private bool PairsWithParticiple()
    {
        for (var k = index - 2; k >= 0 && index - k < 12; k--)
        {
            if (tokens[k].IsVerb)
            {
                return tokens[k].Tag == Tag.VerbParticiple;
            }
        }

        return false;
    }

    private bool FiniteFollows()
    {
        for (var k = index + 1; k < tokens.Count && k - index < 25; k++)
        {
            var t = tokens[k];
            if (t.Tag is Tag.Comma or Tag.Coordinator or Tag.Wh or Tag.Subordinator or Tag.Break || t.Lower == "that")
            {
                return false;
            }

            if (t.Tag == Tag.Modal || t.Lemma is "be" or "have" or "do" && Can(k, WordClass.Third | WordClass.Past)
                || (Can(k, WordClass.Past | WordClass.Third) && (t.Classes & WordClass.Noun) == 0 && At(k - 1)?.Tag != Tag.Determiner && !Can(k - 1, WordClass.Base) && At(k + 1)?.Classes != WordClass.Noun))
            {
                return true;
            }
        }

        return false;
    }

    private Tag Present(WordClass classes, Token left, bool hasFinite)
    {
        var third = (classes & WordClass.Third) != 0;
        var nounToo = (classes & WordClass.Noun) != 0;
        var other = NonVerb((classes & ~WordClass.AnyVerb) is var rest && (rest & (WordClass.Noun | WordClass.Adjective)) != 0 ? rest : WordClass.Noun);
        var verb = third ? Tag.VerbThird : Tag.Verb;
        if (tokens[index].Lemma is "be" or "have" or "do" && !(left.Tag is Tag.Determiner or Tag.PossPronoun))
        {
            return verb;
        }

        switch (left.Tag)
        {
            case Tag.To or Tag.Modal: return Tag.Verb;
            case Tag.Negation: return third ? other : Tag.Verb;
            case Tag.Pronoun when left.Lower is not ("him" or "me" or "us" or "them" or "her"): return verb;
            case Tag.Pronoun: return third ? other : Tag.Verb;
            case Tag.Wh: return verb;
            case Tag.Determiner or Tag.PossPronoun or Tag.Possessive or Tag.Number or Tag.Preposition: return other;
            case Tag.Adjective: return nounToo || other != Tag.Noun ? other : hasFinite ? other : verb;
            case Tag.Coordinator: return CoordinatedVerb(third) || (third && At(index - 1)?.Tag == Tag.Adverb) ? verb : nounToo ? other : verb;
            case Tag.Verb or Tag.VerbThird or Tag.VerbPast or Tag.VerbParticiple or Tag.VerbIng:
                return left.Lemma is "do" or "help" or "let" or "make" && !third && !nounToo ? Tag.Verb : left.Lemma == "do" && !third ? Tag.Verb : nounToo || other == Tag.Adjective ? other : verb;
        }

        if (!nounToo && other == Tag.Noun)
        {
            return verb;
        }

        if (hasFinite || !left.IsNominal && left.Tag is not (Tag.Comma or Tag.Close or Tag.Quote or Tag.Time))
        {
            return other;
        }

        return third
            ? (NextStartsObject() || At(index + 1)?.Tag is Tag.Preposition or Tag.Adverb or null || Can(index + 1, WordClass.Adverb | WordClass.Adjective)) && !FiniteFollows() && !English.IsPlural(left.Lower) ? verb : other
            : (English.IsPlural(left.Lower) || At(index - 2)?.Lower == "and") && (NextStartsObject() || At(index + 1)?.Tag is Tag.Preposition) && !FiniteFollows() ? verb : other;
    }

    private bool CoordinatedVerb(bool third)
    {
        for (var k = index - 2; k >= 0 && index - k < 14; k--)
        {
            if (tokens[k].IsVerb)
            {
                var same = third ? tokens[k].Tag == Tag.VerbThird : tokens[k].Tag == Tag.Verb;
                return same && (NextStartsObject() || (!third && Can(index + 1, WordClass.Noun)) || At(index + 1)?.Tag is Tag.Preposition or Tag.Adverb || At(index + 1) is null);
            }
        }

        return false;
    }
}
