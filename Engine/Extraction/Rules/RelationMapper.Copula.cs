namespace Engram.Engine.Extraction.Rules;

internal sealed partial class RelationMapper
{
    private static readonly Relation Plain = new("", false, false, null, null);

    private void MapCopula(Clause clause, Mention subject)
    {
        foreach (var attribute in clause.Objects)
        {
            if (attribute.Head is "years" or "year" && clause.Adjectives.Contains("old") && attribute.Core.Split(' ') is [var years, ..])
            {
                var age = new Mention { Name = years, Head = years, First = attribute.First, Last = attribute.Last, Kind = "number" };
                Add(clause, subject, "age", age, Plain with { Single = true });
                continue;
            }

            Describe(clause, subject, attribute, clause.Adjuncts);
        }

        if (clause.Objects.Count > 0)
        {
            return;
        }

        foreach (var adjective in clause.Adjectives)
        {
            MapAdjective(clause, subject, adjective, clause.Verb.Lemma == "be" ? "is" : clause.Verb.Lemma);
        }

        foreach (var (preposition, target) in clause.Adjuncts)
        {
            if (clause.Adjectives.Count > 0)
            {
                Add(clause, subject, Modal(clause) + Snake(clause.Adjectives[^1]) + "_" + preposition, target);
            }
            else
            {
                MapLocated(clause, subject, preposition, target);
            }
        }

        if (clause.Adjectives.Count == 0)
        {
            MapAttributeTime(clause, subject);
        }
    }

    /// <summary>"X is Y", and "X, Y," as well: what Y says of X.</summary>
    private void Describe(Clause clause, Mention subject, Mention attribute, IReadOnlyList<Adjunct> adjuncts)
    {
        if (subject.Possessor is not null && subject.Title is null && MapOwned(clause, subject, subject.Possessor, attribute))
        {
            return;
        }

        if (subject is { Head: "one", Of: { Of: { } whole, Proper: false } kind } && Attribute(English.Singular(kind.Core.ToLowerInvariant())) is { Length: > 0 } member)
        {
            // "One of the leaders of India is ..."
            Add(clause, whole, member, attribute);
            return;
        }

        if (subject is { Of: { } of, Proper: false } && Attribute(subject.Core) is { Length: > 0 } noun)
        {
            // "The population of Rome is ..." and "The founder of X is Anna".
            Add(clause, of, noun, attribute, Plain with { Single = Relations.IsSingle(noun) });
            return;
        }

        if (attribute.Possessor is { } owner && !attribute.Proper)
        {
            var relation = Relations.OfNoun(attribute.Head) ?? Snake(attribute.Core) + "_of";
            Add(clause, subject, relation, owner);
            return;
        }

        if ((attribute.Number || (attribute.Proper && subject.Kind == "person")) && subject is { Definite: true, Possessor: null, Proper: false, Of: null } && mentions.Topic is { } topic && Attribute(subject.Core) is { Length: > 0 } figure)
        {
            // "Its population is 5,000 and the population density is 20."
            Add(clause, topic, figure, attribute, Plain with { Single = Relations.IsSingle(figure) });
            return;
        }

        if (attribute.Number && subject.Kind == "person" && !attribute.Core.Contains('%', StringComparison.Ordinal))
        {
            Add(clause, subject, "age", attribute, Plain with { Single = true });
            return;
        }

        MapClass(clause, subject, attribute, adjuncts);
    }

    private bool MapOwned(Clause clause, Mention subject, Mention owner, Mention attribute)
    {
        if (Relations.OfNoun(subject.Head) is { } kin)
        {
            // "My sister is Anna" names her; "My sister is a nurse" describes her.
            if (!attribute.Proper)
            {
                return false;
            }

            Add(clause, attribute, kin, owner);
            mentions.Describe(attribute.Name, subject.Head);
            return true;
        }

        var name = Attribute(subject.Core);
        if (name.Length == 0)
        {
            return false;
        }

        Add(clause, owner, name, attribute, Plain with { Single = Relations.IsSingle(name) && !subject.Plural });
        return true;
    }

    private void MapClass(Clause clause, Mention subject, Mention attribute, IReadOnlyList<Adjunct> adjuncts)
    {
        var partitive = attribute.Number || attribute.Head is "one" or "kind" or "type" or "sort" or "form" or "number" or "lot";
        if (attribute.Of is { } of && !attribute.Proper && !partitive)
        {
            var noun = Relations.OfNoun(attribute.Head) ?? Snake(attribute.Head) + "_of";
            Add(clause, subject, noun, of);
        }

        if (attribute.Of is null || attribute.Proper || partitive || mentions.Open)
        {
            Add(clause, subject, clause.Verb.Lemma == "be" ? attribute.Proper && !attribute.Indefinite ? "is" : "is_a" : clause.Verb.Lemma, attribute);
        }

        if (subject.Proper && !attribute.Proper)
        {
            mentions.Describe(subject.Name, attribute.Head);
        }

        foreach (var (preposition, target) in adjuncts)
        {
            MapNounAdjunct(clause, subject, attribute, preposition, target);
        }
    }

    // "a city in France", "an engineer at Acme", "a novel by Verne".
    private void MapNounAdjunct(Clause clause, Mention subject, Mention noun, string preposition, Mention target)
    {
        switch (preposition)
        {
            case "in" or "at" or "on" or "near" when target.Proper && noun.Kind is not "person":
                Add(clause, subject, preposition == "near" ? "located_near" : "located_in", target, Plain with { ObjectKind = "place" });
                break;
            case "at" or "for" when noun.Kind == "person" && target.Proper:
                Add(clause, subject, "works_at", target, Relations.Of("work", "at", false));
                break;
            case "where":
                Add(clause, subject, Snake(noun.Head) + "_in", target);
                break;
            case "from":
                Add(clause, subject, "from", target);
                break;
            default:
                Add(clause, subject, Snake(noun.Head) + "_" + preposition, target);
                break;
        }
    }

    private void MapLocated(Clause clause, Mention subject, string preposition, Mention target)
    {
        switch (preposition)
        {
            case "in" or "at" or "on" or "within" or "inside" when (target.Proper || target.Kind == "place") && !clause.Verb.Perfect:
                Add(clause, subject, clause.Verb.Future ? "will_be_" + preposition : "located_in", target, Plain with { ObjectKind = target.Proper ? "place" : null });
                break;
            case "near": Add(clause, subject, "located_near", target); break;
            case "from": Add(clause, subject, "from", target); break;
            case "to" when clause.Verb.Perfect: Add(clause, subject, "visited", target, Relations.Of("visit", null, false)); break;
            default: Add(clause, subject, "be_" + preposition, target); break;
        }
    }

    private void MapAdjective(Clause clause, Mention subject, string adjective, string predicate)
    {
        var lower = adjective.ToLowerInvariant();
        var evidence = new Mention { Name = adjective, Head = lower, First = clause.AdjectiveSpan.First, Last = clause.AdjectiveSpan.Last };
        if (subject.Possessor is { } owner && subject.Title is null && Relations.OfNoun(subject.Head) is null && Attribute(subject.Core) is { Length: > 0 } name)
        {
            Add(clause, owner, name, evidence, Plain with { Single = Relations.IsSingle(name) });
        }
        else if (subject is { Of: { } of, Proper: false } && Attribute(subject.Core) is { Length: > 0 } noun)
        {
            Add(clause, of, noun, evidence, Plain with { Single = Relations.IsSingle(noun) });
        }
        else if (lower is "single" or "married" or "divorced" or "engaged" or "widowed" or "separated")
        {
            Add(clause, subject, "marital_status", evidence, Plain with { Single = true });
        }
        else if (subject is not { Pronoun: true, Head: "it" or "its" } || mentions.Open)
        {
            // "It was great": of what, no rule can tell well enough.
            Add(clause, subject, predicate, evidence);
        }
    }

    // "My birthday is on 7 May", "The date of birth of X is ...".
    private void MapAttributeTime(Clause clause, Mention subject)
    {
        foreach (var (preposition, raw, first, last) in clause.Times)
        {
            var time = Resolve(clause, preposition, raw);
            if (preposition is "on" or "in" && time.Iso is { } iso && subject is { Possessor: null, Of: null, Pronoun: false })
            {
                // "The meeting is on Tuesday".
                sink.Add(clause, subject, "be_" + preposition, new Mention { Name = iso, Head = iso, First = first, Last = last, Kind = "date" }, Plain, Validity(clause, null));
                continue;
            }

            var about = subject.Possessor ?? (subject.Proper ? null : subject.Of);
            if (about is not null && time.Iso is not null && Attribute(subject.Core) is { Length: > 0 } name)
            {
                // A birthday returns every year: without a year in the text none is invented.
                var value = time.Yearless ? mentions.Slice(first, last) : time.Iso;
                sink.Add(clause, about, name, new Mention { Name = value, Head = value, First = first, Last = last, Kind = "date" },
                    Plain with { Single = Relations.IsSingle(name) }, default);
            }
        }
    }

    public void Apposed(Mention mention, Mention apposed, bool asserted, IReadOnlyList<Adjunct>? adjuncts = null)
    {
        if (!asserted)
        {
            return;
        }

        var (named, described) = mention.Proper ? (mention, apposed) : (apposed, mention);
        Introduce(named, described, adjuncts ?? [], mention.First, apposed.Last);
        if (!mention.Proper)
        {
            mention.Name = apposed.Name;
        }
    }

    /// <summary>"my sister Anna", "the physicist Marie Curie".</summary>
    public void Titled(Mention mention)
    {
        var clause = Stated(mention.First, mention.Last, [mention]);
        if (mention.Possessor is { } owner)
        {
            if (Relations.OfNoun(mention.TitleHead!) is { } kin)
            {
                Add(clause, mention, kin, owner);
            }
            else
            {
                Add(clause, owner, owner.Kind == "person" ? "has" : Snake(mention.Title!), mention);
                AddTitle(clause, mention);
            }
        }
        else
        {
            AddTitle(clause, mention);
        }

        mentions.Describe(mention.Name, mention.TitleHead!);
    }

    private void AddTitle(Clause clause, Mention mention) =>
        Add(clause, mention, "is_a", new Mention { Name = mention.Title!, Head = mention.TitleHead!, First = mention.First, Last = mention.Last });

    private void Introduce(Mention named, Mention described, IReadOnlyList<Adjunct> adjuncts, int first, int last)
    {
        var clause = Stated(first, last, [named]);
        if (described.Possessor is { } owner)
        {
            if (Relations.OfNoun(described.Head) is null && owner.Kind == "person" && described.Kind != "person")
            {
                // "my car, a blue Honda": a thing owned, not a role held.
                Add(clause, owner, "has", named);
                Add(clause, named, "is_a", new Mention { Name = described.Core, Head = described.Head, First = described.First, Last = described.Last });
            }
            else
            {
                Add(clause, named, Relations.OfNoun(described.Head) ?? Snake(described.Core) + "_of", owner);
            }

            mentions.Describe(named.Name, described.Head);
            return;
        }

        MapClass(clause, named, described, adjuncts);
    }

    private static Clause Stated(int first, int last, List<Mention> subjects) => new()
    {
        Subjects = subjects,
        Verb = new VerbGroup { Lemma = "be", Form = Tag.VerbThird },
        VerbIndex = -1,
        First = first,
        Last = last,
        Confidence = 0.65,
    };

    public void Name(Mention person, Mention name, bool asserted)
    {
        if (asserted && name.Proper)
        {
            Add(Stated(person.First, name.Last, [person]), person, "name", name, Plain with { Single = true });
        }
    }

    public void Alias(Mention mention, Mention alias) =>
        Add(Stated(mention.First, alias.Last, [mention]), mention, "known_as", alias);

    public void Within(Mention inner, Mention outer, bool asserted)
    {
        if (asserted)
        {
            Add(Stated(inner.First, outer.Last, [inner]), inner, "located_in", outer, Plain with { ObjectKind = "place" });
        }
    }

    /// <summary>"Mozart (1756 - 1791)".</summary>
    public void LifeSpan(Mention mention, Phrase from, Phrase to)
    {
        var kindred = mention.Proper && mention.Kind is null or "person";
        foreach (var (phrase, predicate) in new[] { (from, kindred ? "born_on" : "started_on"), (to, kindred ? "died_on" : "ended_on") })
        {
            if (mentions.Tokens[phrase.First].Time is { Iso: { } iso })
            {
                sink.Add(Stated(mention.First, to.Last, [mention]), mention, predicate,
                    new Mention { Name = iso, Head = iso, First = phrase.First, Last = phrase.Last, Kind = "date" }, Plain with { Single = true }, default);
            }
        }
    }

    /// <summary>"Muncy Creek in Davidson Township ...".</summary>
    public void Qualified(Mention mention, string preposition, IReadOnlyList<Adjunct> adjuncts)
    {
        foreach (var (word, target) in adjuncts)
        {
            if (word == preposition && word is "in" && mention.Proper && target.Proper)
            {
                Within(mention, target, true);
            }
        }
    }

    public void Exists(List<Mention> things, List<Adjunct> places, VerbGroup verb)
    {
        foreach (var (preposition, place) in places)
        {
            foreach (var thing in things)
            {
                if (preposition is "in" or "at" or "on" or "within" && !place.Pronoun)
                {
                    var clause = Stated(thing.First, place.Last, [place]);
                    clause.Negated = verb.Negated;
                    Add(clause, place, "has", thing);
                }
            }
        }
    }

    private static string Snake(string words) =>
        string.Join('_', words.ToLowerInvariant().Split([' ', '-', '\'', '’', '.', ',', '"'], StringSplitOptions.RemoveEmptyEntries));
}
