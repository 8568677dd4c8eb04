namespace Engram.Engine.Extraction.Rules;

internal sealed partial class ClauseReader
{
    private const int ListReach = 40;

    /// <summary>Reads a noun phrase, what qualifies it, and the noun phrases coordinated with it.</summary>
    /// <param name="subject">Before the verb: later phrases may start the predicate, so coordination is read to the end.</param>
    /// <param name="governor">The preposition before it, if any.</param>
    private List<Mention> ReadNominals(bool subject, string? governor)
    {
        var all = new List<Mention>();
        var describing = attributeOf;
        attributeOf = null;
        while (KindAt(p) == PhraseKind.Noun)
        {
            var mention = mentions.Make(phrases[p++]);
            // "Neither Tom nor Anna likes fish" denies it of both.
            mention.Negative |= all.Count > 0 && WordAt(p - 2) == "nor";
            mention.StandsFor = describing;
            describing = null;
            all.Add(mention);
            lastNominal = mention;
            if (mention.Title is not null && asserted)
            {
                mapper.Titled(mention);
            }

            Qualify(mention, subject, governor);
            lastNominal = mention;
            MergeTitles(all);
            if (KindAt(p) == PhraseKind.Coordinator && WordAt(p) != "but" && KindAt(p + 1) == PhraseKind.Noun && (subject || !StartsClause(p + 1)))
            {
                p++;
                continue;
            }

            if (KindAt(p) == PhraseKind.Comma && IsListComma(p, subject))
            {
                p += KindAt(p + 1) == PhraseKind.Coordinator ? 2 : 1;
                continue;
            }

            break;
        }

        return all;
    }

    // "American rapper and singer Nicki Minaj" is one person with two titles.
    private void MergeTitles(List<Mention> all)
    {
        if (all.Count < 2 || all[^1] is not { Title: not null, Kind: "person" } person || all[^2] is not { Proper: false, Plural: false, Kind: "person", Possessor: null, Title: null } title)
        {
            return;
        }

        mapper.Apposed(person, title, asserted);
        all.RemoveAt(all.Count - 2);
    }

    /// <summary>Does a noun phrase at <paramref name="i"/> begin a clause of its own (followed by a finite verb)?</summary>
    private bool StartsClause(int i)
    {
        if (KindAt(i) == PhraseKind.Existential)
        {
            return true;
        }

        if (KindAt(i) != PhraseKind.Noun)
        {
            return false;
        }

        if (phrases[i].First == phrases[i].Last && WordAt(i) is "i" or "he" or "she" or "we" or "they")
        {
            return true;
        }

        var k = i + 1;
        for (var skipped = 0; skipped < 3 && k < limit; skipped++)
        {
            if (KindAt(k) == PhraseKind.Preposition && KindAt(k + 1) == PhraseKind.Noun)
            {
                k += 2;
            }
            else if (KindAt(k) is PhraseKind.Adverb)
            {
                k++;
            }
            else
            {
                break;
            }
        }

        return IsFinite(k);
    }

    /// <summary>"A, B and C": is the comma at <paramref name="i"/> inside such a list?</summary>
    private bool IsListComma(int i, bool subject)
    {
        if (KindAt(i + 1) == PhraseKind.Coordinator)
        {
            return KindAt(i + 2) == PhraseKind.Noun && (subject ? !StartsClauseAfterSubject(i + 2) : !StartsClause(i + 2)) && WordAt(i + 1) != "but";
        }

        var k = i;
        while (k - i < ListReach && KindAt(k) == PhraseKind.Comma && KindAt(k + 1) == PhraseKind.Noun)
        {
            k += 2;
            while (KindAt(k) == PhraseKind.Preposition && KindAt(k + 1) == PhraseKind.Noun)
            {
                k += 2;
            }

            if (KindAt(k) == PhraseKind.Comma && KindAt(k + 1) == PhraseKind.Coordinator)
            {
                k++;
            }

            if (KindAt(k) == PhraseKind.Coordinator)
            {
                return KindAt(k + 1) == PhraseKind.Noun && WordAt(k) is "and" or "or" or "&" && (subject || !StartsClause(k + 1));
            }
        }

        return false;
    }

    // "Tom lives in Rome, and Anna ...": a subject list needs its verb after the last member, which StartsClause also sees;
    // the difference is whether a verb came before, and in subject position it did not.
    private static bool StartsClauseAfterSubject(int _) => false;

    private void Qualify(Mention mention, bool subject, string? governor)
    {
        for (var steps = 0; steps < 12; steps++)
        {
            var before = p;
            switch (KindAt(p))
            {
                case PhraseKind.Preposition: QualifyByPreposition(mention, subject, governor); break;
                case PhraseKind.Open: QualifyByParenthesis(mention); break;
                case PhraseKind.Comma: QualifyByComma(mention, subject, governor); break;
                case PhraseKind.Wh: ReadRelative(mention, subject); break;
                case PhraseKind.Verb when VerbAt(p) is { NonFinite: true } && (!mention.Pronoun || mention.Head is "someone" or "somebody"):
                    if (!(VerbAt(p)!.Form == Tag.VerbIng && !subject && governor is null && mention.Proper && KindAt(p + 1) is null))
                    {
                        ReadPredicates(Qualified(mention), new Fronted(), nested: true, negated: false);
                    }

                    break;
                case PhraseKind.Noun when subject && mention.Kind is not null && !mention.Proper && tokens[phrases[p].Head].Tag == Tag.Proper && tokens[phrases[p].First].Tag is Tag.Proper or Tag.Quote && VerbAt(p + 1) is not null:
                    // "The film "Titanic" was": a title set off by its quotation marks only.
                    mapper.Apposed(mention, mentions.Make(phrases[p]), asserted);
                    mention.Name = mentions.Make(phrases[p]).Name;
                    mention.Last = phrases[p].Last;
                    p++;
                    break;
            }

            if (p == before)
            {
                return;
            }
        }
    }

    /// <summary>What a participle or relative clause after the phrase is said of: "the owner of Miller Hall, located in Virginia" is the hall.</summary>
    private static List<Mention> Qualified(Mention mention) =>
        mention.StandsFor is null ? [mention] : mention.Of is { Proper: true } of ? [of] : mention.StandsFor;

    private void QualifyByPreposition(Mention mention, bool subject, string? governor)
    {
        var word = WordAt(p);
        if (word == "such" && WordAt(p + 1) == "as" && KindAt(p + 2) == PhraseKind.Noun)
        {
            // "languages such as Tok Pisin": each is one of them.
            p += 2;
            foreach (var member in ReadNominals(false, "as"))
            {
                mapper.Apposed(member, mention, asserted && member.Proper);
            }

            return;
        }

        if (word == "of" && KindAt(p + 1) == PhraseKind.Noun)
        {
            p++;
            var inner = mentions.Make(phrases[p++]);
            QualifyInner(inner, "of");
            mention.Last = inner.Last;
            if (!mention.Proper && inner.Proper && IsPlaceNoun(mention.Head))
            {
                // "the French city of Dijon" is Dijon.
                (mention.Name, mention.Proper) = (inner.Name, true);
                return;
            }

            mention.Of ??= inner;
            mention.Name += " of " + inner.Name;
            return;
        }

        if (word == "of" && KindAt(p + 1) == PhraseKind.Time)
        {
            mention.Name += " of " + mentions.Slice(phrases[p + 1].First, phrases[p + 1].Last);
            mention.Last = phrases[p + 1].Last;
            p += 2;
            return;
        }

        // Before the verb a prepositional phrase can only belong to the noun; after it, the verb takes it.
        if (subject && KindAt(p + 1) == PhraseKind.Noun && !(IsSubordinating(word) && StartsClause(p + 1)) && governor is null)
        {
            p++;
            foreach (var inner in ReadNominals(false, word))
            {
                mention.Adjuncts.Add(new Adjunct(word, inner));
            }

            if (asserted)
            {
                mapper.Qualified(mention, word, mention.Adjuncts);
            }
        }
        else if (subject && KindAt(p + 1) == PhraseKind.Time && governor is null)
        {
            p += 2;
        }
    }

    private static bool IsPlaceNoun(string head) =>
        head is "city" or "town" or "village" or "state" or "country" or "province" or "region" or "island" or "county" or "district" or "municipality" or "borough" or "suburb";

    // "the capital of the state of Ohio, which": nested of-phrases extend the name, the rest waits for the outer noun.
    private void QualifyInner(Mention inner, string governor)
    {
        while (KindAt(p) == PhraseKind.Preposition && WordAt(p) == "of" && KindAt(p + 1) == PhraseKind.Noun)
        {
            var deeper = mentions.Make(phrases[p + 1]);
            p += 2;
            inner.Name += " of " + deeper.Name;
            inner.Of ??= deeper;
            inner.Last = deeper.Last;
        }

        if (KindAt(p) == PhraseKind.Comma && IsPlaceApposition(inner, p, governor, false))
        {
            QualifyByComma(inner, false, governor);
        }
    }

    private void QualifyByParenthesis(Mention mention)
    {
        var close = p + 1;
        while (close < limit && phrases[close].Kind != PhraseKind.Close)
        {
            close++;
        }

        var (at, to) = (p + 1, limit);
        if (at < close && asserted)
        {
            limit = close;
            p = at;
            ReadParenthesis(mention, close);
            limit = to;
        }

        p = Math.Min(to, close + 1);
    }

    private void ReadParenthesis(Mention mention, int close)
    {
        if (VerbAt(p) is { NonFinite: true })
        {
            ReadPredicates(mention.StandsFor ?? [mention], new Fronted(), nested: true, negated: false);
        }
        else if (KindAt(p) == PhraseKind.Wh)
        {
            ReadRelative(mention, true);
        }
        else if (WordAt(p) is "born" or "died")
        {
            ReadPredicates(mention.StandsFor ?? [mention], new Fronted(), nested: true, negated: false);
        }
        else if (KindAt(p) == PhraseKind.Time && KindAt(p + 1) == PhraseKind.Break && KindAt(p + 2) == PhraseKind.Time && p + 3 == close)
        {
            mapper.LifeSpan(mention, phrases[p], phrases[p + 2]);
        }
        else if (KindAt(p) == PhraseKind.Noun && p + 1 == close && mention.Proper && tokens[phrases[p].Head].Tag == Tag.Proper)
        {
            mapper.Alias(mention, mentions.Make(phrases[p]));
        }
    }
}
