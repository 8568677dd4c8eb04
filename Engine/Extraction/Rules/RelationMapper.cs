namespace Engram.Engine.Extraction.Rules;

/// <summary>Turns clauses into triples: known relations by table, copulas by what they say, everything else by verb lemma and preposition.</summary>
internal sealed partial class RelationMapper(Mentions mentions, TripleSink sink, DateTimeOffset eventTime, bool allowElidedSubject)
{
    public bool AllowElidedSubject { get; } = allowElidedSubject;

    public void Map(Clause clause)
    {
        if (!clause.Asserted || clause.Verb.Unreal || clause.Verb.Lemma.Length == 0)
        {
            return;
        }

        foreach (var subject in clause.Subjects)
        {
            if (clause.Verb.Copula && clause.Prefix is null)
            {
                MapCopula(clause, subject);
            }
            else if (clause.Verb.Passive)
            {
                MapPassive(clause, subject);
            }
            else
            {
                MapActive(clause, subject);
            }
        }
    }

    private void MapActive(Clause clause, Mention subject)
    {
        var verb = clause.Verb;
        foreach (var target in clause.Objects)
        {
            if (verb.Lemma == "have" && target.Of is { } of && !target.Plural && MapMeasure(clause, subject, target, of))
            {
                continue;
            }

            if (target.Head is "job" or "position" or "internship" && MapJob(clause, subject))
            {
                continue;
            }

            var relation = Known(clause, null);
            if (verb.Lemma is "call" or "name" && clause.Seconds.Count > 0)
            {
                clause.Seconds.ForEach(named => Add(clause, named, "name", target));
                continue;
            }

            Add(clause, subject, relation?.Predicate ?? Predicate(clause, null), target, relation);
            foreach (var second in clause.Seconds)
            {
                Add(clause, subject, Predicate(clause, "to"), second);
            }
        }

        foreach (var (preposition, target) in clause.Adjuncts)
        {
            var relation = Known(clause, preposition);
            if (relation?.Predicate == "-")
            {
                continue;
            }

            Add(clause, subject, relation?.Predicate ?? Predicate(clause, preposition), target, relation);
            if (relation?.Predicate == "moved_to" && !clause.Negated)
            {
                Add(clause, subject, "lives_in", target, Relations.Of("live", "in", false)! with { State = false });
            }
        }

        MapTimes(clause, subject);
    }

    /// <summary>A modal keeps the plain verb ("can_speak"), and a plan is not yet what happened ("is going to a fair" is no went_to).</summary>
    private static Relation? Known(Clause clause, string? preposition)
    {
        var relation = clause.Prefix is null && clause.Verb.Modal is null or "used_to" ? Relations.Of(clause.Verb.Lemma, preposition, false) : null;
        return relation is { State: false } && clause.Verb is { Progressive: true, Past: false, Perfect: false } && relation.Predicate.EndsWith("_to", StringComparison.Ordinal) ? null : relation;
    }

    // "got a job at Acme" and "quit my job at Acme".
    private bool MapJob(Clause clause, Mention subject)
    {
        var starts = clause.Verb.Lemma is "get" or "land" or "have" or "take" or "accept" or "start" or "find";
        if (clause.Adjuncts.FirstOrDefault(a => a.Preposition is "at" or "with" && a.Object.Proper) is not { } employer
            || clause.Verb.Modal is not null || clause.Prefix is not null || !(starts || clause.Verb.Lemma is "quit" or "leave" or "lose"))
        {
            return false;
        }

        var relation = starts ? Relations.Of("work", "at", false)! : null;
        Add(clause, subject, starts ? "works_at" : "left", employer.Object, relation is null ? null : relation with { State = false });
        return true;
    }

    // "has a population of 3,000": the noun is the relation.
    private bool MapMeasure(Clause clause, Mention subject, Mention target, Mention of)
    {
        var attribute = Attribute(target.Core);
        if (attribute.Length is 0 or > 40 || target.Possessor is not null || !(of.Number || of.Proper || target.Indefinite && HoldsDigit(of.Name)))
        {
            return false;
        }

        Add(clause, subject, attribute, of, new Relation(attribute, Relations.IsSingle(attribute), false, null, null));
        return true;
    }

    private static bool HoldsDigit(string name) => name.AsSpan().ContainsAnyInRange('0', '9');

    private void MapPassive(Clause clause, Mention subject)
    {
        var verb = clause.Verb;
        var participle = mentions.Tokens[verb.Main].Lower;
        foreach (var (preposition, target) in clause.Adjuncts)
        {
            if (Relations.Of(verb.Lemma, preposition, true) is { } relation && clause.Prefix is null)
            {
                Add(clause, subject, relation.Predicate, target, relation);
            }
            else if (preposition == "by" && clause.Prefix is null)
            {
                Add(clause, target, Predicate(clause, null), subject);
            }
            else
            {
                Add(clause, subject, Modal(clause) + (clause.Prefix is null ? participle : clause.Prefix + "_" + participle) + "_" + preposition, target);
            }
        }

        if (clause.IsBare && !verb.Past && !verb.NonFinite && verb.Modal is null && clause.Prefix is null)
        {
            // "I'm married", "she is retired": a state, not an event.
            clause.AdjectiveSpan = (verb.Main, verb.Main);
            MapAdjective(clause, subject, mentions.Tokens[verb.Main].Text, "is");
        }

        foreach (var target in clause.Objects.Concat(clause.Seconds))
        {
            var relation = Relations.Of(verb.Lemma, null, true);
            if (relation?.Predicate == "name" && verb.NonFinite && !subject.Proper && !subject.Pronoun)
            {
                // "a dog named Rex": from here on the dog is Rex.
                Add(clause, target, "is_a", new Mention { Name = subject.Core, Head = subject.Head, First = subject.First, Last = subject.Last });
                subject.Name = target.Name;
                continue;
            }

            Add(clause, subject, relation?.Predicate ?? Modal(clause) + participle, target, relation);
        }

        MapTimes(clause, subject);
    }

    /// <summary>A date is an object of its own for events people ask "when" of, and for verbs with nothing else to say.</summary>
    private void MapTimes(Clause clause, Mention subject)
    {
        var verb = clause.Verb;
        var alone = clause.Objects.Count == 0 && clause.Adjuncts.Count == 0;
        if (clause.Times.Count == 0 || clause.Prefix is not null || !(alone || VerbClasses.IsDated(verb.Lemma)))
        {
            return;
        }

        var word = verb.Passive ? mentions.Tokens[verb.Main].Lower : verb.Lemma == "die" ? "died" : verb.Lemma;
        foreach (var (preposition, time, first, last) in clause.Times)
        {
            var resolved = Resolve(clause, preposition, time);
            if (resolved.Iso is null)
            {
                continue;
            }

            var link = preposition.Length > 0 && preposition is not ("in" or "on" or "at") ? preposition
                : word is "born" or "died" || resolved.Iso.Length == 10 ? "on" : "in";
            sink.Add(clause, subject, Modal(clause) + word + "_" + link, new Mention { Name = resolved.Iso, Head = resolved.Iso, First = first, Last = last, Kind = "date" },
                new Relation("", word is "born" or "died", false, null, "date"), Validity(clause, null));
        }
    }

    private static string Modal(Clause clause) => clause.Verb.Modal is null or "used_to" or "do" ? "" : clause.Verb.Modal + "_";

    private static string Predicate(Clause clause, string? preposition)
    {
        var verb = clause.Prefix is null ? clause.Verb.Lemma : clause.Prefix + "_" + clause.Verb.Lemma;
        return Modal(clause) + (preposition is null ? verb : verb + "_" + preposition);
    }

    private void Add(Clause clause, Mention subject, string predicate, Mention target, Relation? relation = null) =>
        sink.Add(clause, subject, predicate, target, relation, Validity(clause, relation));

    /// <summary>The date meant: the tense tells, but nothing began "since" a time to come, and a present that lasts "until" a time has not reached it.</summary>
    private static TimeValue Resolve(Clause clause, string preposition, TimeValue time) => time.In(preposition switch
    {
        "since" => Tense.Past,
        "until" or "till" or "by" when clause.Tense == Tense.Open => Tense.Coming,
        _ => clause.Tense,
    });

    private (DateTimeOffset? From, DateTimeOffset? To) Validity(Clause clause, Relation? relation)
    {
        DateTimeOffset? from = null;
        DateTimeOffset? to = null;
        TimeValue? start = null;
        TimeValue? end = null;
        foreach (var (preposition, raw, _, _) in clause.Times)
        {
            var time = Resolve(clause, preposition, raw);
            switch (preposition)
            {
                case "since" or "from" or "between": (start, from) = (time, time.From); break;
                case "until" or "till" or "to" or "by": (end, to) = (time, time.To); break;
                case "before": to = time.From; break;
                case "after": from = time.To; break;
                default: (from, to) = (time.From, relation is { State: true } && !clause.Verb.Past ? null : time.To); break;
            }
        }

        if (start is not null && end is not null && from >= to)
        {
            // "from November until February": each is the right one alone, but not beside the other.
            (start, end) = clause.Tense == Tense.Past ? (start.Turn(-1), end) : (start, end.Turn(1));
            (from, to) = (start.From, end.To);
        }

        var over = clause.Verb.Modal == "used_to" || (relation is { State: true } && clause.Verb is { Past: true, Perfect: false });
        if (over && to is null && from is null)
        {
            to = eventTime;
        }

        // A move is the start of a stay, not its whole length.
        return relation is { Predicate: "lives_in", State: false } ? (from, null) : (from, to);
    }

    /// <summary>snake_case of a noun phrase used as a relation: "favorite TV show" is favourite_tv_show.</summary>
    private static string Attribute(string core)
    {
        var words = core.ToLowerInvariant().Split([' ', '-', '\'', '’', '.', ',', '"'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is 0 or > 4)
        {
            return "";
        }

        for (var i = 0; i < words.Length; i++)
        {
            words[i] = words[i] switch { "favorite" => "favourite", "e" when i + 1 < words.Length && words[i + 1] == "mail" => "", _ => words[i] };
            words[i] = words[i] == "mail" && i > 0 && words[i - 1].Length == 0 ? "email" : words[i];
        }

        return string.Join('_', words.Where(w => w.Length > 0));
    }
}
