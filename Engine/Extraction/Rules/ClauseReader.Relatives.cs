namespace Engram.Engine.Extraction.Rules;

/// <summary>Relative clauses.</summary>
internal sealed partial class ClauseReader
{
    /// <summary>"who lives in Rome", "which Tom built", "whose mother sings", "where she works".</summary>
    private void ReadRelative(Mention noun, bool subject)
    {
        var word = WordAt(p);
        if (word is "what" or "how" or "why")
        {
            return;
        }

        p++;
        var verb = SkipAdverbs(p);
        if (word == "whose" && KindAt(p) == PhraseKind.Noun)
        {
            var owned = mentions.Make(phrases[p]);
            var mention = new Mention
            {
                Name = noun.Name + "'s " + owned.Core,
                Core = owned.Core,
                Head = owned.Head,
                First = noun.First,
                Last = phrases[p].Last,
                Possessor = noun,
                Kind = owned.Kind,
                Plural = owned.Plural,
            };
            p++;
            if (IsFinite(SkipAdverbs(p)))
            {
                p = SkipAdverbs(p);
                ReadPredicates([mention], new Fronted(), nested: true, negated: false);
            }
        }
        else if (VerbAt(verb) is { Infinitive: false } && word is not ("where" or "when"))
        {
            p = verb;
            ReadPredicates(Qualified(noun), new Fronted(), nested: true, negated: false);
        }
        else if (KindAt(p) == PhraseKind.Noun)
        {
            ReadObjectRelative(noun, word);
        }
    }

    private void ReadObjectRelative(Mention noun, string word)
    {
        var subjects = ReadNominals(true, "rel");
        p = SkipAdverbs(p);
        if (!IsFinite(p))
        {
            return;
        }

        var clause = NewClause(subjects, VerbAt(p)!, new Fronted(), false);
        p++;
        ReadComplements(clause);
        if (word is "where")
        {
            if (clause.Verb.Copula && subjects is [{ Proper: false, Definite: true, Of: null } attribute])
            {
                // "Thurleigh, where the area code is 01234".
                attribute.Of = noun;
            }
            else
            {
                clause.Adjuncts.Add(new Adjunct(clause.Verb.Copula && clause.Objects.Count > 0 ? "where" : "in", noun));
            }
        }
        else if (word is not "when" && clause.Objects.Count == 0)
        {
            clause.Objects.Add(noun);
        }

        mapper.Map(clause);
    }
}
