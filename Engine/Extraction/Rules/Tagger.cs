namespace Engram.Engine.Extraction.Rules;

/// <summary>Gives every word of a sentence one part of speech: the lexicon proposes, the neighbours decide. Left to right, fixed look-ahead.</summary>
internal sealed class Tagger(IReadOnlySet<string> properElsewhere)
{
    private static readonly Lexicon Words = Lexicon.Instance;
    private List<Token> tokens = [];

    public void Tag(List<Token> sentence)
    {
        tokens = sentence;
        for (var i = 0; i < tokens.Count; i++)
        {
            Propose(i);
        }

        for (var i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Tag == Rules.Tag.Time || !(tokens[i].IsWord || tokens[i].IsNumber))
            {
                continue;
            }

            Decide(i);
        }
    }

    private Token? At(int i) => i >= 0 && i < tokens.Count ? tokens[i] : null;

    private string Lower(int i) => At(i)?.Lower ?? "";

    private bool Can(int i, WordClass classes) => At(i) is { } t && t.Tag != Rules.Tag.Time && (t.Classes & classes) != 0;

    private void Propose(int i)
    {
        var token = tokens[i];
        if (token.Tag == Rules.Tag.Time)
        {
            return;
        }

        if (token.IsNumber)
        {
            token.Tag = Rules.Tag.Number;
            return;
        }

        if (!token.IsWord)
        {
            return;
        }

        var entry = Words.Lookup(token.Lower);
        token.Classes = entry.Classes;
        token.Lemma = entry.Lemma;
        token.Tag = entry.Classes == WordClass.Closed ? entry.Closed : Rules.Tag.Noun;
        if (token.Capital && token.Lower != "i" && IsName(i, entry))
        {
            token.Tag = Rules.Tag.Proper;
            token.Classes = WordClass.Noun;
            token.Lemma = null;
        }
    }

    private bool IsName(int i, Lexicon.Entry entry)
    {
        var first = i == 0 || tokens[i - 1].Tag is Rules.Tag.Quote or Rules.Tag.Open or Rules.Tag.Break;
        if (!first)
        {
            // Capitals inside a title: "The Lord of the Rings" keeps its small words small; "The" alone is a determiner.
            // "Year of No Light", "Turn Me On": capitalised small words belong to the name around them.
            return entry.Classes != WordClass.Closed
                || (tokens[i].Text.Length > 1 && tokens[i].Text.All(char.IsUpper) && tokens[i].Lower is not ("the" or "and" or "of" or "not"))
                || (tokens[i].Lower is not ("the" or "he" or "she" or "they" or "we" or "but" or "if") && InsideName(i)
                    && (tokens[i].Lower != "it" || (i + 1 < tokens.Count && tokens[i + 1].Capital)));
        }

        if (entry.Classes == WordClass.Closed || ((entry.Classes & WordClass.Base) != 0 && (entry.Classes & WordClass.Noun) == 0 && i == 0))
        {
            return false;
        }

        var unknown = entry.Classes == WordClass.Noun && entry.Lemma is null && !English.IsPlural(tokens[i].Lower) && Words.KindOf(tokens[i].Lower) is null;
        var nextIsName = i + 1 < tokens.Count && tokens[i + 1].Capital && tokens[i + 1].IsWord && tokens[i + 1].Lower != "i" && tokens[i + 1].Tag != Rules.Tag.Time;
        return unknown || nextIsName || properElsewhere.Contains(tokens[i].Text);
    }

    private bool InsideName(int i) =>
        (tokens[i - 1].Tag == Rules.Tag.Proper || (tokens[i - 1].Lower is "of" or "the" && i > 1 && tokens[i - 2].Tag == Rules.Tag.Proper))
        && (i + 1 >= tokens.Count || tokens[i + 1].Capital || !tokens[i + 1].IsWord || tokens[i - 1].Tag == Rules.Tag.Proper);

    private void Decide(int i)
    {
        var token = tokens[i];
        switch (token.Lower)
        {
            case "'s": token.Tag = Possessive(i); return;
            case "'d": token.Tag = Can(i + 1, WordClass.Participle) && !Can(i + 1, WordClass.Base) ? Verb(token, "have", Rules.Tag.VerbPast) : Rules.Tag.Modal; return;
            case "to": token.Tag = IsInfinitive(i) ? Rules.Tag.To : Rules.Tag.Preposition; return;
            case "that": token.Tag = That(i); return;
            case "her" or "his" when token.Tag == Rules.Tag.PossPronoun:
                token.Tag = StartsNominal(i + 1) ? Rules.Tag.PossPronoun : Rules.Tag.Pronoun;
                return;
            case "there" when IsBeAhead(i + 1): token.Tag = Rules.Tag.Existential; return;
            case "like" when LikeIsVerb(i): token.Tag = Verb(token, "like", Rules.Tag.Verb); return;
            case "so" when Lower(i + 1) != "that": token.Tag = Rules.Tag.Adverb; return;
            case "da" or "de" or "di" or "del" or "della" or "des" or "du" or "do" or "dos" or "van" or "von" or "der" or "la" or "le" or "el" or "al" or "y" or "e" or "los" or "las"
                when PreviousIs(i, Rules.Tag.Proper) && (At(i + 1) is { Capital: true, IsWord: true } || (Lower(i + 1) is "la" or "los" or "las" or "el" && At(i + 2) is { Capital: true })):
                token.Tag = Rules.Tag.Proper;
                return;
            case "first" or "last" or "best" or "initially" when Can(i + 1, WordClass.Participle) && i > 0 && (tokens[i - 1].Lemma is "be" or "have" || tokens[i - 1].Tag is Rules.Tag.Pronoun or Rules.Tag.Proper):
                token.Tag = Rules.Tag.Adverb;
                return;
            case "such" when Lower(i + 1) == "as": token.Tag = Rules.Tag.Preposition; return;
            case "following" when i == 0 || PreviousIs(i, Rules.Tag.Comma): token.Tag = Rules.Tag.Preposition; return;
            case "home" or "while" when PreviousIs(i, Rules.Tag.Determiner, Rules.Tag.PossPronoun, Rules.Tag.Adjective) || (token.Lower == "home" && Can(i + 1, WordClass.Noun) && !PreviousIs(i, Rules.Tag.Pronoun)):
                token.Tag = Rules.Tag.Noun;
                return;
            case "may" when token.Tag == Rules.Tag.Proper && !Can(i + 1, WordClass.Base): return;
            case "may": token.Tag = Rules.Tag.Modal; return;
            case "will" or "might" or "can" when PreviousIs(i, Rules.Tag.Determiner, Rules.Tag.PossPronoun, Rules.Tag.Adjective): token.Tag = Rules.Tag.Noun; return;
            case "no" when i == 0 && At(1)?.Tag == Rules.Tag.Comma: token.Tag = Rules.Tag.Interjection; return;
            case "no" when Lower(i + 1) == "longer": token.Tag = Rules.Tag.Negation; return;
            case "longer" when Lower(i - 1) == "no": token.Tag = Rules.Tag.Adverb; return;
            case "well" when i > 0: token.Tag = Rules.Tag.Adverb; return;
            case "as" when Lower(i + 1) == "well" && Lower(i + 2) == "as": token.Tag = Rules.Tag.Coordinator; return;
            case "past" when PreviousIs(i, Rules.Tag.Determiner, Rules.Tag.PossPronoun): token.Tag = Rules.Tag.Adjective; return;
            case "one" when i + 1 < tokens.Count && !tokens[i + 1].IsWord: token.Tag = Rules.Tag.Pronoun; return;
            case "most" or "more" or "less" or "least" when Can(i + 1, WordClass.Adjective | WordClass.Adverb): token.Tag = Rules.Tag.Adverb; return;
            case "this" or "these" or "those" or "some" or "many" or "all" or "both" or "each" or "another" or "several" when !StartsNominal(i + 1) && !(token.Lower is "all" or "both" && At(i + 1)?.Tag is Rules.Tag.Determiner or Rules.Tag.PossPronoun):
                token.Tag = Rules.Tag.Pronoun;
                return;
        }

        if (token.Tag is Rules.Tag.Proper or Rules.Tag.Number || token.Classes == WordClass.Closed)
        {
            return;
        }

        token.Tag = Open(i, token);
    }

    private static Tag Verb(Token token, string lemma, Tag tag)
    {
        token.Lemma = lemma;
        return tag;
    }

    private bool PreviousIs(int i, params ReadOnlySpan<Tag> tags) => i > 0 && tags.Contains(tokens[i - 1].Tag);

    private bool StartsNominal(int i) =>
        At(i) is { } t && (t.Lower == "home" || t.Tag is Rules.Tag.Proper or Rules.Tag.Number || Can(i, WordClass.Noun | WordClass.Adjective)
            || (Can(i, WordClass.Participle | WordClass.Ing) && At(i + 1) is { IsWord: true } && Can(i + 1, WordClass.Noun))
            || (t.Tag == Rules.Tag.Quote && StartsNominal(i + 1)))
        && !(t.Classes == WordClass.Closed && t.Lower != "home");

    private bool IsInfinitive(int i)
    {
        var next = Lower(i + 1) is "not" or "also" or "really" or "fully" or "further" || Can(i + 1, WordClass.Adverb) ? i + 2 : i + 1;
        if (!Can(next, WordClass.Base) || At(next)!.Tag == Rules.Tag.Proper)
        {
            return false;
        }

        // "went to work", "back to school": a noun that is also a verb, with nothing after it that a verb would take.
        return !Can(next, WordClass.Noun) || !(i > 0 && tokens[i - 1].Lemma is "go" or "get" or "come" or "return" or "drive" or "walk") || StartsObject(next + 1);
    }

    private bool StartsObject(int i) =>
        At(i) is { } t && (t.Tag is Rules.Tag.Determiner or Rules.Tag.PossPronoun or Rules.Tag.Pronoun or Rules.Tag.Proper or Rules.Tag.Number or Rules.Tag.Preposition);

    private Tag Possessive(int i)
    {
        if (At(i - 1) is not { } owner)
        {
            return Rules.Tag.Symbol;
        }

        if (owner.Tag is Rules.Tag.Pronoun or Rules.Tag.Wh or Rules.Tag.Existential || Lower(i - 1) is "that" or "there" or "here" or "let")
        {
            var perfect = Can(i + 1, WordClass.Participle) && !Can(i + 1, WordClass.Adjective) && (Lower(i + 1) is "been" or "got" or "had" || !Can(i + 1, WordClass.Past));
            return Verb(tokens[i], perfect ? "have" : "be", Rules.Tag.VerbThird);
        }

        var next = At(i + 1);
        var isBe = next is null || next.Tag is Rules.Tag.Determiner or Rules.Tag.Negation or Rules.Tag.PossPronoun or Rules.Tag.Preposition or Rules.Tag.Pronoun
            || (Can(i + 1, WordClass.Ing) && !Can(i + 1, WordClass.Noun))
            || (next.Tag == Rules.Tag.Adverb && !Can(i + 2, WordClass.Adjective));
        return isBe && next is not null && next.Lower is not ("own" or "most" or "many" or "several") ? Verb(tokens[i], "be", Rules.Tag.VerbThird) : Rules.Tag.Possessive;
    }

    private Tag That(int i)
    {
        var next = At(i + 1);
        if (next is null)
        {
            return Rules.Tag.Pronoun;
        }

        var nextVerb = next.Tag == Rules.Tag.Modal || (Can(i + 1, WordClass.Third | WordClass.Past) && !(next.Tag == Rules.Tag.Proper)) || Lower(i + 1) is "'s" or "are" or "have" or "do"
            || (next.Tag == Rules.Tag.Adverb && Can(i + 2, WordClass.Third | WordClass.Past));
        var afterNominal = i > 0 && (tokens[i - 1].Tag is Rules.Tag.Noun or Rules.Tag.Comma || (tokens[i - 1].Tag == Rules.Tag.Proper && HasFiniteBefore(i)) || tokens[i - 1].Lower is "one" or "those" or "something" or "all");
        if (nextVerb)
        {
            // "Melanie, that's a great picture": after a comma "that" is no relative.
            return afterNominal && i > 1 && tokens[i - 1].Tag != Rules.Tag.Comma ? Rules.Tag.Wh : Rules.Tag.Pronoun;
        }

        if (i > 0 && (tokens[i - 1].IsVerb || tokens[i - 1].Tag is Rules.Tag.Adjective or Rules.Tag.Noun or Rules.Tag.Coordinator or Rules.Tag.Adverb))
        {
            return StartsNominal(i + 1) && tokens[i - 1].IsVerb && !TakesClause(tokens[i - 1].Lemma) && !English.IsPlural(Lower(i + 1)) && next.Tag == Rules.Tag.Noun
                ? Rules.Tag.Determiner
                : Rules.Tag.Subordinator;
        }

        return Rules.Tag.Determiner;
    }

    private static bool TakesClause(string? lemma) => lemma is not null && VerbClasses.TakesClause(lemma);

    private bool IsBeAhead(int i) => At(i) is { } t && (t.Lemma == "be" || t.Lower is "'s" || (t.Tag == Rules.Tag.Modal && Lower(i + 1) == "be") || (t.Lemma == "have" && Lower(i + 1) == "been"));

    private bool LikeIsVerb(int i)
    {
        var before = PreviousContent(i);
        return At(before) is { } t
            && (t.Tag is Rules.Tag.To or Rules.Tag.Modal || t.Lemma == "do" || t.Lower is "i" or "we" or "they" or "you" or "who"
                || (t.Tag == Rules.Tag.Negation && At(PreviousContent(before)) is { } aux && (aux.Lemma == "do" || aux.Tag == Rules.Tag.Modal))
                || (t.Tag is Rules.Tag.Proper or Rules.Tag.Pronoun && t.Lower is not ("him" or "her" or "me" or "us" or "them" or "it" or "he" or "she" or "something" or "anything" or "someone") && !HasFiniteBefore(i)));
    }

    private int PreviousContent(int i)
    {
        var k = i - 1;
        while (k > 0 && tokens[k].Tag == Rules.Tag.Adverb)
        {
            k--;
        }

        return k;
    }

    /// <summary>Does the clause around <paramref name="i"/> already have its finite verb to the left?</summary>
    private bool HasFiniteBefore(int i)
    {
        for (var k = i - 1; k >= 0 && i - k < 25; k--)
        {
            switch (tokens[k].Tag)
            {
                case Rules.Tag.VerbThird or Rules.Tag.VerbPast or Rules.Tag.Verb when k < i - 1 && TakesClause(tokens[k].Lemma) && tokens[k + 1].Tag is Rules.Tag.Proper or Rules.Tag.Pronoun or Rules.Tag.PossPronoun:
                    // "I hope Anna moves": what follows the verb is a clause of its own.
                    return false;
                case Rules.Tag.VerbThird or Rules.Tag.VerbPast or Rules.Tag.Modal: return true;
                case Rules.Tag.Verb when At(k - 1)?.Tag != Rules.Tag.To: return true;
                case Rules.Tag.Comma or Rules.Tag.Subordinator or Rules.Tag.Wh or Rules.Tag.Break or Rules.Tag.Coordinator or Rules.Tag.Quote: return false;
            }
        }

        return false;
    }

    private Tag Open(int i, Token token) => new OpenClass(tokens, i).Decide(token, HasFiniteBefore(i), PreviousContent(i));
}
