namespace Engram.Engine.Extraction.Rules;

/// <summary>Clauses without a subject of their own: "there is", imperatives, notes in telegram style.</summary>
internal sealed partial class ClauseReader
{
    private void ReadExistential(Fronted front)
    {
        p++;
        if (VerbAt(p) is not { } verb)
        {
            return;
        }

        p++;
        if (KindAt(p) != PhraseKind.Noun)
        {
            return;
        }

        var things = ReadNominals(false, null);
        var places = new List<Adjunct>(front.Adjuncts);
        if (KindAt(p) == PhraseKind.Preposition && KindAt(p + 1) == PhraseKind.Noun)
        {
            var preposition = WordAt(p++);
            places.AddRange(ReadNominals(false, preposition).Select(m => new Adjunct(preposition, m)));
        }

        if (asserted && !verb.Unreal)
        {
            mapper.Exists(things, places, verb);
        }
    }

    /// <summary>Imperatives state nothing, except "call me Tom"; "Moved to Boston last week" leaves out its "I".</summary>
    private void ReadSubjectless(VerbGroup verb, Fronted front, int start)
    {
        if (verb is { Form: Tag.Verb, Infinitive: false, Lemma: "call" } && WordAt(p + 1) == "me" && KindAt(p + 2) == PhraseKind.Noun)
        {
            var me = mentions.Make(phrases[p + 1]);
            mapper.Name(me, mentions.Make(phrases[p + 2]), asserted);
            p += 3;
            return;
        }

        if (verb is { Form: Tag.Verb, Infinitive: false } && verb.Lemma is "remember" or "note" or "know" or "see" && (WordAt(p + 1) == "that" || StartsClause(p + 1)))
        {
            p += WordAt(p + 1) == "that" ? 2 : 1;
            ReadClause();
            return;
        }

        if (verb is { Form: Tag.VerbPast, NonFinite: false } && start == 0 && depth == 1 && mapper.AllowElidedSubject)
        {
            var token = phrases[p].First;
            var me = new Mention { Name = mentions.Speaker, Head = "i", First = token, Last = token, Proper = true, Kind = "person", Pronoun = true };
            confidence = 0.5;
            ReadPredicates([me], front, nested: false, front.Negated);
            return;
        }

        // Nothing to say it of: skip to where another clause can begin.
        do
        {
            p++;
        }
        while (p < limit && phrases[p].Kind is not (PhraseKind.Break or PhraseKind.Coordinator or PhraseKind.Comma));
    }
}
