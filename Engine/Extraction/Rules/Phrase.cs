namespace Engram.Engine.Extraction.Rules;

internal enum PhraseKind : byte
{
    Noun, Verb, Preposition, Adjective, Adverb, Time, Comma, Coordinator, Subordinator, Wh, Existential, Interjection, Open, Close, Quote, Break, Other,
}

/// <summary>A run of tokens that acts as one part of the clause.</summary>
internal sealed class Phrase(PhraseKind kind, int first, int last)
{
    public PhraseKind Kind { get; } = kind;

    /// <summary>Indexes of the first and last token, inclusive.</summary>
    public int First { get; } = first;
    public int Last { get; set; } = last;

    /// <summary>Noun phrases: the token that names the thing.</summary>
    public int Head { get; set; } = last;

    /// <summary>Noun phrases: index of the possessive clitic that splits owner from owned, or -1.</summary>
    public int Clitic { get; set; } = -1;

    public VerbGroup? Verb { get; set; }

    public override string ToString() => $"{Kind}[{First}..{Last}]";
}

/// <summary>A verb with its auxiliaries.</summary>
internal sealed class VerbGroup
{
    /// <summary>Base form with its particle: live, grow_up, be.</summary>
    public required string Lemma { get; set; }

    /// <summary>The verb's own token, without auxiliaries and particle.</summary>
    public int Main { get; set; }

    public bool Negated { get; set; }
    public bool Passive { get; set; }
    public bool Perfect { get; set; }
    public bool Progressive { get; set; }
    public bool Past { get; set; }
    public bool Infinitive { get; set; }

    /// <summary>A bare participle or -ing form: no tense of its own.</summary>
    public bool NonFinite { get; set; }

    /// <summary>can, will, must, used_to ... or null.</summary>
    public string? Modal { get; set; }

    /// <summary>Tag of the main verb: base form without "to" and subject is an imperative.</summary>
    public Tag Form { get; set; }

    /// <summary>The verb an -ing form depends on: in "started working" only "started" has a tense.</summary>
    public VerbGroup? Governor { get; set; }

    public bool Copula => Lemma is "be" or "become" or "remain" && !Passive;
    public bool Future => Modal is "will";

    /// <summary>"was going to" and "was to" tell what was meant, not what came of it.</summary>
    public Tense Tense =>
        Past ? (Modal is "will" ? Tense.Open : Tense.Past)
        : Modal is not null ? Tense.Coming
        : Perfect ? Tense.Past
        : NonFinite ? (Form == Tag.VerbParticiple ? Tense.Past : Governor?.Tense ?? Tense.Open)
        : Progressive || Copula ? Tense.Coming
        : Tense.Open;

    /// <summary>would, could, might, may, should: said, but not stated as a fact.</summary>
    public bool Unreal => Modal is "would" or "could" or "might" or "may" or "should";
}
