namespace Engram.Engine.Extraction.Rules;

/// <summary>Part of speech, as coarse as the clause reader can use.</summary>
internal enum Tag : byte
{
    Noun, Proper, Pronoun, Determiner, PossPronoun, Possessive, Number, Adjective, Adverb,
    Verb, VerbThird, VerbPast, VerbParticiple, VerbIng, Modal, To,
    Preposition, Coordinator, Subordinator, Wh, Negation, Existential, Interjection,
    Comma, Break, Open, Close, Quote, Symbol, Time,
}

/// <summary>What a word can be before its context decides.</summary>
[Flags]
internal enum WordClass : ushort
{
    None = 0, Noun = 1, Base = 2, Third = 4, Past = 8, Participle = 16, Ing = 32, Adjective = 64, Adverb = 128, Closed = 256,
    AnyVerb = Base | Third | Past | Participle | Ing,
}

/// <summary>One word or mark of the text. Mutable only while the tagger works.</summary>
internal sealed class Token(int start, int length, string text)
{
    public int Start { get; } = start;
    public int Length { get; } = length;
    public int End => Start + Length;
    public string Text { get; } = text;
    public string Lower { get; } = text.ToLowerInvariant();
    public bool Capital { get; } = char.IsUpper(text[0]);
    public bool IsWord { get; } = char.IsLetter(text[0]) || text[0] == '\'' && text.Length > 1 && char.IsLetter(text[1]);
    public bool IsNumber { get; } = char.IsDigit(text[0]) || text.Length > 1 && text[0] is '-' or '.' or '$' or '€' or '£' && text.Length > 1 && char.IsDigit(text[1]);
    public Tag Tag { get; set; } = Tag.Noun;
    public WordClass Classes { get; set; }

    /// <summary>Base form when the word is (also) a verb form.</summary>
    public string? Lemma { get; set; }

    /// <summary>The resolved time, on the first token of a time expression; the others carry only the tag.</summary>
    public TimeValue? Time { get; set; }

    public bool IsVerb => Tag is >= Tag.Verb and <= Tag.VerbIng;
    public bool IsNominal => Tag is Tag.Noun or Tag.Proper;
    public override string ToString() => $"{Text}/{Tag}";
}
