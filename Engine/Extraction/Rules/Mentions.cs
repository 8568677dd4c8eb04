using System.Buffers;
using System.Text;

namespace Engram.Engine.Extraction.Rules;

/// <summary>Makes mentions of noun phrases and resolves their pronouns against what the text has named so far.</summary>
internal sealed class Mentions(string text, string speaker, bool keepPronouns)
{
    private static readonly SearchValues<char> Untidy = SearchValues.Create("\r\n\t\"“”`");
    private static readonly Lexicon Words = Lexicon.Instance;

    private readonly Dictionary<string, string> described = new(StringComparer.Ordinal);
    private Mention? person;
    private Mention? thing;
    private Mention? group;


    /// <summary>Who says "I" now: changes with a "Name:" prefix.</summary>
    public string Speaker { get; set; } = speaker;

    /// <summary>The speaker the text came with.</summary>
    public string Owner { get; } = speaker;

    /// <summary>The other party, once a second speaker has been seen.</summary>
    public string? Listener { get; set; }

    /// <summary>Open information extraction: pronouns stay, and "is" stays beside the relation its noun makes.</summary>
    public bool Open => keepPronouns;

    /// <summary>A "Name:" prefix has been seen.</summary>
    public bool Named { get; set; }

    /// <summary>What the text is about so far, when that has a name: for "the population is ...".</summary>
    public Mention? Topic => !keepPronouns && thing is { Proper: true } ? thing : null;

    public List<Token> Tokens { get; set; } = [];

    /// <summary>Remembers the subject of a clause for the pronouns to come.</summary>
    public void Note(IReadOnlyList<Mention> subjects)
    {
        if (subjects.Count > 1)
        {
            group = new Mention { Name = string.Join(" and ", subjects.Select(s => s.Name)), Head = subjects[0].Head, Plural = true };
            return;
        }

        if (subjects.Count == 1 && subjects[0] is { Proper: false, Pronoun: false, Clausal: false } attribute && (attribute.Possessor ?? attribute.Of) is { Proper: true } owner)
        {
            // "The airport's runway length is ..., and it has ...": the text is still about the airport.
            if (!owner.Pronoun && Relations.OfNoun(attribute.Head) is null)
            {
                Note([owner]);
            }

            if (Relations.OfNoun(attribute.Head) is null)
            {
                return;
            }
        }

        if (subjects.Count == 0 || subjects[0] is { Pronoun: true } or { Unresolved: true } or { Clausal: true } || subjects[0].Number)
        {
            return;
        }

        var subject = subjects[0];
        if (subject.Proper && subject.Core.LastIndexOf(' ') is > 0 and var blank)
        {
            Describe(subject.Name, subject.Core[(blank + 1)..]);
        }

        if (subject.Plural && !subject.Proper)
        {
            group = subject;
        }
        else if (subject.Kind is "person" or "relation")
        {
            person = subject;
        }
        else if (subject.Proper && subject.Kind is null)
        {
            // A bare name: person until the text says otherwise, and still what "it" would mean.
            person = subject;
            thing = subject;
        }
        else
        {
            thing = subject;
        }
    }

    public Mention Make(Phrase phrase)
    {
        var head = Tokens[phrase.Head];
        if (head.Tag == Tag.Pronoun && phrase.First == phrase.Last)
        {
            return Pronoun(phrase, head);
        }

        var start = phrase.First;
        Mention? possessor = null;
        if (phrase.Clitic >= 0)
        {
            possessor = Make(new Phrase(PhraseKind.Noun, phrase.First, phrase.Clitic - 1) { Head = phrase.Clitic - 1 });
            start = phrase.Clitic + 1;
        }
        else if (Tokens[start].Tag == Tag.PossPronoun || (start < phrase.Last && Tokens[start].Tag == Tag.Determiner && Tokens[start + 1].Tag == Tag.PossPronoun))
        {
            var at = Tokens[start].Tag == Tag.PossPronoun ? start : start + 1;
            possessor = Pronoun(new Phrase(PhraseKind.Noun, at, at), Tokens[at]);
            if (at == phrase.Last)
            {
                // "I lost my." does not say what.
                return new Mention { Name = Tokens[at].Text, Core = Tokens[at].Text, Head = Tokens[at].Lower, First = phrase.First, Last = phrase.Last, Pronoun = true, Unresolved = true };
            }

            start = at + 1;
        }

        if (phrase.Clitic > phrase.First && head.Tag == Tag.Proper && possessor is { Proper: true, Pronoun: false } && Tokens[start].Capital)
        {
            // "Baku Turkish Martyrs' Memorial" is one name.
            (start, possessor) = (phrase.First, null);
        }

        var determiner = possessor is null && Tokens[start].Tag == Tag.Determiner ? Tokens[start].Lower : null;
        while (start < phrase.Last && Tokens[start].Tag == Tag.Determiner)
        {
            start++;
        }

        return Build(phrase, start, head, possessor, determiner);
    }

    private Mention Build(Phrase phrase, int start, Token head, Mention? possessor, string? determiner)
    {
        var split = NameStart(start, phrase.Last);
        var core = Slice(split, phrase.Last);
        var proper = head.Tag == Tag.Proper;
        var lower = head.Lower;
        var name = core;
        if (split == start && determiner is "the" or "this" && phrase.First + 1 >= start && described.TryGetValue(core.ToLowerInvariant(), out var known) && !keepPronouns)
        {
            name = known;
            proper = true;
        }
        else if (!keepPronouns && lower == "user" && split == start && start == phrase.Last && determiner is null or "the" && possessor is null)
        {
            // "User prefers dark mode": notes about the user name whoever they belong to.
            (name, proper) = (Owner, true);
        }
        else if (possessor is not null && split == start)
        {
            name = possessor.Name + (keepPronouns && possessor.Pronoun ? " " : "'s ") + core;
        }

        return new Mention
        {
            Name = name,
            Core = core,
            Head = lower,
            First = phrase.First,
            Last = phrase.Last,
            Possessor = possessor,
            Proper = proper,
            Unresolved = possessor is { Unresolved: true },
            Plural = !proper && English.IsPlural(lower),
            Definite = determiner is "the" or "this" or "that",
            Indefinite = determiner is "a" or "an",
            Negative = determiner is "no" or "neither",
            Number = head.Tag == Tag.Number,
            Kind = KindOf(head, head.Tag == Tag.Proper, split, phrase.Last) ?? (split > start ? Words.KindOf(Tokens[split - 1].Lower) is var k && k == "relation" ? "person" : k : null),
            Title = split > start ? Slice(start, split - 1) : null,
            TitleHead = split > start ? Tokens[split - 1].Lower : null,
        };
    }

    /// <summary>Where the name starts in "sister Anna" or "the U.S. president Barack Obama"; the start itself when all is one name.</summary>
    private int NameStart(int start, int last)
    {
        var split = last;
        while (split > start && Tokens[split].Tag is Tag.Proper or Tag.Quote or Tag.Number)
        {
            split--;
        }

        return split < last && (Tokens[split].Tag == Tag.Noun || Tokens[split].Lower == "national") && !Tokens[split].Capital && !English.IsPlural(Tokens[split].Lower) && Tokens[split + 1].Tag is Tag.Proper or Tag.Quote
            ? split + 1
            : start;
    }

    /// <summary>Remembers that <paramref name="name"/> was called a <paramref name="noun"/>, for "the company" later on.</summary>
    public void Describe(string name, string noun)
    {
        var lower = noun.ToLowerInvariant();
        described[lower] = name;
        if (lower is "film" or "movie")
        {
            described[lower == "film" ? "movie" : "film"] = name;
        }
    }

    private string? KindOf(Token head, bool proper, int start, int last)
    {
        if (head.Tag == Tag.Number)
        {
            return "number";
        }

        var kind = Words.KindOf(head.Lower);
        if (!proper)
        {
            return kind == "relation" ? "person" : kind;
        }

        // A proper name that ends in its own kind: "Lake Placid", "Boston University", "Iron Hill Airport".
        if (kind is "place" or "organisation")
        {
            return kind;
        }

        kind = start < last ? Words.KindOf(Tokens[start].Lower) : null;
        return kind is "place" or "organisation" ? kind
            : Tokens[start].Lower is "mr" or "mrs" or "ms" or "dr" or "mr." or "mrs." or "dr." or "sir" or "lady" ? "person"
            : null;
    }

    private Mention Pronoun(Phrase phrase, Token token)
    {
        var referent = keepPronouns ? null : Resolve(token.Lower);
        var first = token.Lower is "i" or "me" or "my" or "myself" or "mine";
        return new Mention
        {
            Name = referent?.Name ?? token.Text,
            Core = token.Text,
            Head = token.Lower,
            First = phrase.First,
            Last = phrase.Last,
            Pronoun = true,
            Unresolved = !keepPronouns && referent is null,
            Proper = referent?.Proper ?? false,
            Plural = token.Lower is "we" or "they" or "us" or "them" or "our" or "their",
            Kind = first ? "person" : referent?.Kind,
        };
    }

    private Mention? Resolve(string pronoun) => pronoun switch
    {
        "i" or "me" or "my" or "myself" or "mine" => new Mention { Name = Speaker, Head = "i", Proper = true, Kind = "person" },
        "you" or "your" or "yourself" or "yours" when Listener is not null => new Mention { Name = Listener, Head = "you", Proper = true, Kind = "person" },
        // "we" includes the speaker; that is the only part of it that is certain.
        "we" or "us" or "our" or "ours" or "ourselves" => new Mention { Name = Speaker, Head = "we", Proper = true, Kind = "person" },
        "he" or "him" or "his" or "himself" => Gender(person) == 'f' ? null : person,
        "she" or "her" or "hers" or "herself" => Gender(person) == 'm' ? null : person,
        "it" or "its" or "itself" => thing,
        "they" or "them" or "their" or "theirs" => group,
        _ => null,
    };

    private static char Gender(Mention? mention) => mention?.Head switch
    {
        "mother" or "mom" or "mum" or "sister" or "daughter" or "wife" or "aunt" or "niece" or "grandmother" or "grandma" or "girlfriend" or "woman" or "girl"
            or "queen" or "princess" or "actress" or "lady" => 'f',
        "father" or "dad" or "brother" or "son" or "husband" or "uncle" or "nephew" or "grandfather" or "grandpa" or "boyfriend" or "man" or "boy" or "king"
            or "prince" or "guy" => 'm',
        _ => '?',
    };

    /// <summary>The text of a token range, quotation marks dropped, white space as single blanks.</summary>
    public string Slice(int first, int last)
    {
        last = Math.Max(first, last);
        while (first < last && Tokens[first].Tag == Tag.Quote)
        {
            first++;
        }

        while (last > first && Tokens[last].Tag is Tag.Quote or Tag.Comma)
        {
            last--;
        }

        var slice = text.AsSpan(Tokens[first].Start, Tokens[last].End - Tokens[first].Start);
        if (!slice.ContainsAny(Untidy) && slice.IndexOf("  ") < 0)
        {
            return slice.ToString();
        }

        var builder = new StringBuilder(slice.Length);
        foreach (var c in slice)
        {
            var blank = char.IsWhiteSpace(c);
            if (!blank && c is not ('"' or '“' or '”' or '`'))
            {
                builder.Append(c);
            }
            else if (builder.Length > 0 && builder[^1] != ' ')
            {
                builder.Append(' ');
            }
        }

        return builder.ToString().Trim();
    }
}
