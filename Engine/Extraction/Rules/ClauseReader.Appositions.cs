namespace Engram.Engine.Extraction.Rules;

/// <summary>What a comma after a noun phrase brings: appositions, places, relative and participial phrases.</summary>
internal sealed partial class ClauseReader
{
    private void QualifyByComma(Mention mention, bool subject, string? governor)
    {
        if (IsListComma(p, subject) && !LooksApposed(mention, p + 1))
        {
            return;
        }

        var next = KindAt(p + 1);
        if (next == PhraseKind.Wh || (next == PhraseKind.Preposition && KindAt(p + 2) == PhraseKind.Wh))
        {
            p += next == PhraseKind.Wh ? 1 : 2;
            ReadRelative(mention, subject);
            SkipClosingComma(subject);
        }
        else if (VerbAt(p + 1) is { NonFinite: true } verb && (subject || verb.Form == Tag.VerbParticiple && verb.Passive && !mention.Pronoun))
        {
            p++;
            ReadPredicates(Qualified(mention), new Fronted(), nested: true, negated: false);
            SkipClosingComma(subject);
        }
        else if (next == PhraseKind.Noun && IsPlaceApposition(mention, p, governor, subject))
        {
            p++;
            var outer = mentions.Make(phrases[p++]);
            mapper.Within(mention, outer, asserted);
            if (KindAt(p) == PhraseKind.Comma && IsPlaceApposition(outer, p, "in", subject))
            {
                var outermost = mentions.Make(phrases[p + 1]);
                p += 2;
                mapper.Within(outer, outermost, asserted);
            }

            SkipClosingComma(subject);
        }
        else if (next == PhraseKind.Noun && IsApposition(mention, p + 1, subject))
        {
            p++;
            var apposed = mentions.Make(phrases[p++]);
            apposed.StandsFor = mention.Proper ? [mention] : null;
            Qualify(apposed, subject: false, governor: ",");
            mapper.Apposed(mention, apposed, asserted, ReadNounAdjuncts(apposed));
            while (mention.Proper && KindAt(p) == PhraseKind.Coordinator && KindAt(p + 1) == PhraseKind.Noun && tokens[phrases[p + 1].Head].Tag == Tag.Noun && FollowedByComma(p + 1) && !IsFinite(p + 2))
            {
                p++;
                var second = mentions.Make(phrases[p++]);
                Qualify(second, subject: false, governor: ",");
                mapper.Apposed(mention, second, asserted, ReadNounAdjuncts(second));
            }

            SkipClosingComma(subject);
        }
        else if (next == PhraseKind.Adjective && subject && KindAt(p + 2) is PhraseKind.Preposition or PhraseKind.Comma)
        {
            p++;
        }
    }

    private void SkipClosingComma(bool subject)
    {
        if (subject && KindAt(p) == PhraseKind.Comma && IsFiniteAhead(p))
        {
            p++;
        }
    }

    private List<Adjunct> ReadNounAdjuncts(Mention noun)
    {
        while (KindAt(p) == PhraseKind.Preposition && KindAt(p + 1) == PhraseKind.Noun && noun.Adjuncts.Count < 4)
        {
            var word = WordAt(p++);
            noun.Adjuncts.AddRange(ReadNominals(false, word).Select(inner => new Adjunct(word, inner)));
        }

        return noun.Adjuncts;
    }

    private bool LooksApposed(Mention mention, int next) =>
        mention.Proper && KindAt(next) == PhraseKind.Noun
        && tokens[phrases[next].First].Lower is "a" or "an" or "the" && tokens[phrases[next].Head].Tag == Tag.Noun && !English.IsPlural(tokens[phrases[next].Head].Lower);

    private bool IsApposition(Mention mention, int next, bool subject)
    {
        var phrase = phrases[next];
        var head = tokens[phrase.Head];
        if (mention.Pronoun || head.Tag is Tag.Pronoun or Tag.Number || (!subject && StartsClause(next) && !FollowedByComma(next)))
        {
            return false;
        }

        var described = mention.Proper && head.Tag == Tag.Noun
            && (tokens[phrase.First].Lower is "a" or "an" or "the" or "his" or "her" or "its" or "my" or "our" or "their" or "one" || Lexicon.Instance.KindOf(head.Lower) is "person" or "relation" || phrase.Clitic >= 0);
        var named = !mention.Proper && head.Tag == Tag.Proper && !mention.Plural && !mention.Number && (mention.Possessor is not null || mention.Definite || mention.Kind is not null);
        return described || named;
    }

    private bool FollowedByComma(int next)
    {
        var k = next + 1;
        while (KindAt(k) == PhraseKind.Preposition && KindAt(k + 1) == PhraseKind.Noun && k - next < 9)
        {
            k += 2;
        }

        return KindAt(k) == PhraseKind.Comma;
    }

    private bool IsPlaceApposition(Mention mention, int comma, string? governor, bool subject)
    {
        if (!mention.Proper || KindAt(comma + 1) != PhraseKind.Noun)
        {
            return false;
        }

        var phrase = phrases[comma + 1];
        var after = KindAt(comma + 2);
        var placed = governor is "in" or "at" or "to" or "from" or "near" or "of" or "around" or "outside" or "through" or "into" || mention.Kind == "place" || (subject && (IsFinite(comma + 2) || (after is PhraseKind.Comma && IsFinite(comma + 3))));
        return placed
            && tokens[phrase.Head].Tag == Tag.Proper && tokens[phrase.First].Tag is Tag.Proper or Tag.Determiner && mention.Kind != "person"
            && after is not PhraseKind.Coordinator && !(after == PhraseKind.Verb && !subject && IsFinite(comma + 2))
            && !IsListComma(comma, subject);
    }
}
