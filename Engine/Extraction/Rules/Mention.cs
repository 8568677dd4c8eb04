namespace Engram.Engine.Extraction.Rules;

/// <summary>A noun phrase (or gerund) as it takes part in a clause.</summary>
internal sealed class Mention
{
    /// <summary>Name the graph will know it by: determiners stripped, pronouns resolved, of-phrase included.</summary>
    public required string Name { get; set; }

    /// <summary>Lower-case head word ("sister" of "my older sister", "population" of "the population of Rome").</summary>
    public required string Head { get; init; }

    /// <summary>What the name says without its possessor and of-phrase: "population density", "favourite food".</summary>
    public string Core { get; init; } = "";

    /// <summary>First and last token of its evidence, inclusive.</summary>
    public int First { get; init; }
    public int Last { get; set; }

    /// <summary>Whose it is: "Tom" of "Tom's boss", the speaker of "my boss".</summary>
    public Mention? Possessor { get; init; }

    /// <summary>The noun after "of": "Rome" of "the population of Rome".</summary>
    public Mention? Of { get; set; }

    public bool Proper { get; set; }
    public bool Pronoun { get; init; }
    public bool Unresolved { get; init; }
    public bool Plural { get; set; }
    public bool Definite { get; init; }
    public bool Indefinite { get; init; }

    /// <summary>A gerund phrase: something one can like, but no entity to say things of.</summary>
    public bool Clausal { get; init; }

    public bool Negative { get; set; }
    public bool Number { get; init; }
    public string? Kind { get; set; }

    /// <summary>Prepositional phrases that qualify it and were not taken by a verb.</summary>
    public List<Adjunct> Adjuncts { get; } = [];

    /// <summary>"sister" of "my sister Anna", "jazz musician" of "jazz musician Aaron Deer": what the name is introduced as.</summary>
    public string? Title { get; init; }
    public string? TitleHead { get; init; }

    /// <summary>The subject this phrase describes ("Titanic is a film directed by ..."): what qualifies it is said of that.</summary>
    public List<Mention>? StandsFor { get; set; }

    public override string ToString() => Name;
}

/// <summary>A preposition with its object.</summary>
internal sealed record Adjunct(string Preposition, Mention Object);

/// <summary>One verb with everything it was found with.</summary>
internal sealed class Clause
{
    public required List<Mention> Subjects { get; set; }
    public required VerbGroup Verb { get; init; }
    public required int VerbIndex { get; init; }

    /// <summary>Tokens of the verb group, for the evidence.</summary>
    public int First { get; init; }
    public int Last { get; set; }

    public List<Mention> Objects { get; set; } = [];

    /// <summary>The recipient in "gave Anna a book", the name in "called her Nan".</summary>
    public List<Mention> Seconds { get; set; } = [];

    public List<string> Adjectives { get; } = [];
    public (int First, int Last) AdjectiveSpan { get; set; } = (-1, -1);
    public List<Adjunct> Adjuncts { get; } = [];
    public List<(string Preposition, TimeValue Time, int First, int Last)> Times { get; } = [];

    /// <summary>Infinitive or gerund this verb governs: "wants to buy", "likes hiking".</summary>
    public string? Prefix { get; set; }

    public bool Negated { get; set; }

    /// <summary>What one plans is to come; what one planned may be either.</summary>
    public Tense Tense => Prefix is null ? Verb.Tense : Verb.Past ? Tense.Open : Tense.Coming;

    /// <summary>False inside conditions, wishes and the like.</summary>
    public bool Asserted { get; set; } = true;

    public double Confidence { get; set; } = 0.7;

    public bool IsBare => Objects.Count == 0 && Adjuncts.Count == 0 && Times.Count == 0 && Adjectives.Count == 0 && Seconds.Count == 0;
}
