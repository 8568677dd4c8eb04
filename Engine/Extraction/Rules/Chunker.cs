namespace Engram.Engine.Extraction.Rules;

/// <summary>Groups a tagged sentence into phrases: base noun phrases, verb groups, and single marks and words. One pass.</summary>
internal sealed class Chunker(List<Token> tokens)
{
    private const int MaxQuoted = 14;
    private readonly List<Phrase> phrases = [];

    public List<Phrase> Chunk()
    {
        var i = 0;
        while (i < tokens.Count)
        {
            i = Next(i);
        }

        return phrases;
    }

    private Tag? TagAt(int i) => i >= 0 && i < tokens.Count ? tokens[i].Tag : null;

    private int Next(int i)
    {
        var tag = tokens[i].Tag;
        switch (tag)
        {
            case Tag.Time: return Time(i);
            case Tag.Quote: return Quoted(i);
            case Tag.Pronoun:
                return Add(PhraseKind.Noun, i, i);
            case Tag.Modal or Tag.To or Tag.Verb or Tag.VerbThird or Tag.VerbPast or Tag.VerbParticiple or Tag.VerbIng:
                return VerbGroup(i);
            case Tag.Negation or Tag.Adverb when StartsVerb(i): return VerbGroup(i);
            case Tag.Determiner or Tag.PossPronoun or Tag.Number or Tag.Noun or Tag.Proper or Tag.Adjective: return Nominal(i);
            case Tag.Adverb when TagAt(i + 1) == Tag.Adjective: return Nominal(i);
        }

        return Add(Single(tag), i, i);
    }

    private static PhraseKind Single(Tag tag) => tag switch
    {
        Tag.Preposition => PhraseKind.Preposition,
        Tag.Adverb or Tag.Negation => PhraseKind.Adverb,
        Tag.Comma => PhraseKind.Comma,
        Tag.Coordinator => PhraseKind.Coordinator,
        Tag.Subordinator => PhraseKind.Subordinator,
        Tag.Wh => PhraseKind.Wh,
        Tag.Existential => PhraseKind.Existential,
        Tag.Interjection => PhraseKind.Interjection,
        Tag.Open => PhraseKind.Open,
        Tag.Close => PhraseKind.Close,
        Tag.Break => PhraseKind.Break,
        _ => PhraseKind.Other,
    };

    private int Add(PhraseKind kind, int first, int last)
    {
        phrases.Add(new Phrase(kind, first, last));
        return last + 1;
    }

    private int Time(int i)
    {
        var last = i;
        while (TagAt(last + 1) == Tag.Time && tokens[last + 1].Time is null)
        {
            last++;
        }

        return Add(PhraseKind.Time, i, last);
    }

    /// <summary>A short quotation that is a name ("The Great Gatsby") is one noun phrase; other quotation marks are only marks.</summary>
    private int Quoted(int i)
    {
        for (var k = i + 1; k < tokens.Count && k - i <= MaxQuoted; k++)
        {
            if (tokens[k].Tag == Tag.Quote && k > i + 1)
            {
                var named = tokens[i + 1].Capital || tokens[i + 1].IsNumber || k - i <= 3;
                var clause = k - i > 5 && Enumerable.Range(i + 1, k - i - 1).Any(t => tokens[t].Tag is Tag.VerbThird or Tag.VerbPast or Tag.Modal);
                if (named && !clause)
                {
                    for (var t = i + 1; t < k; t++)
                    {
                        tokens[t].Tag = Tag.Proper;
                    }

                    phrases.Add(new Phrase(PhraseKind.Noun, i, k) { Head = k - 1 });
                    return k + 1;
                }

                break;
            }
        }

        return Add(PhraseKind.Quote, i, i);
    }

    private bool StartsVerb(int i)
    {
        var k = i;
        while (TagAt(k) is Tag.Adverb or Tag.Negation && k - i < 4)
        {
            k++;
        }

        return TagAt(k) is Tag.Modal or Tag.Verb or Tag.VerbThird or Tag.VerbPast or Tag.VerbParticiple or Tag.VerbIng
            && !(TagAt(i) == Tag.Adverb && TagAt(k) is Tag.VerbIng);
    }

    private int Nominal(int first)
    {
        var i = first;
        var head = -1;
        var clitic = -1;
        while (i < tokens.Count && Extends(first, i, head))
        {
            if (tokens[i].Tag == Tag.Possessive)
            {
                clitic = i;
                head = -1;
            }
            else if (tokens[i].Tag is Tag.Noun or Tag.Proper or Tag.Number || (tokens[i].Tag == Tag.VerbIng && head < 0))
            {
                head = i;
            }

            i++;
        }

        var last = i - 1;
        if (last >= first && last == clitic)
        {
            // An owner of nothing: "at Tom's".
            (last, head, clitic) = (last - 1, last - 1, -1);
        }

        if (last < first)
        {
            return Add(PhraseKind.Other, first, first);
        }

        if (head < 0)
        {
            var determined = tokens[first].Tag is Tag.Determiner or Tag.PossPronoun || clitic >= 0;
            return determined
                ? AddNoun(first, last, last, clitic)
                : Add(PhraseKind.Adjective, first, last);
        }

        // "an English national": after a name with an article the adjective is the noun; "made the city famous" keeps it apart.
        if (tokens[last].Tag == Tag.Adjective
            && (tokens[head].Tag == Tag.Proper && tokens[first].Lower is "a" or "an"
                || tokens[first].Tag is Tag.Determiner or Tag.PossPronoun && TagAt(last + 1) is Tag.VerbThird or Tag.VerbPast or Tag.Modal))
        {
            head = last;
            tokens[last].Tag = Tag.Noun;
        }

        // "the city old": adjectives after the head belong to what follows.
        return AddNoun(first, tokens[last].Tag is Tag.Adjective or Tag.Adverb or Tag.Coordinator ? head : last, head, clitic);
    }

    private int AddNoun(int first, int last, int head, int clitic)
    {
        phrases.Add(new Phrase(PhraseKind.Noun, first, last) { Head = head, Clitic = clitic });
        return Math.Max(last + 1, first + 1);
    }

    private bool Extends(int first, int i, int head)
    {
        var tag = tokens[i].Tag;
        switch (tag)
        {
            case Tag.Break:
                // "Bootleg Series Volume 1: The Quine Tapes": a subtitle is part of the name.
                return tokens[i].Text == ":" && head == i - 1 && head > first && tokens[head].Tag is Tag.Proper or Tag.Number && tokens[first].Tag is Tag.Proper or Tag.Determiner
                    && tokens[i].Start == tokens[head].End && i + 1 < tokens.Count && tokens[i + 1].Capital;
            case Tag.Determiner when i > first && tokens[i - 1].Text == ":": return true;
            case Tag.Determiner:
                return i == first || (tokens[i - 1].Tag == Tag.Determiner && tokens[i - 1].Lower is "all" or "both" or "such" or "half");
            case Tag.PossPronoun: return i == first || (tokens[i - 1].Tag == Tag.Determiner && i == first + 1);
            case Tag.Number: return true;
            case Tag.Noun or Tag.Proper: return !(head >= 0 && tokens[head].Tag == Tag.Noun && tag == Tag.Proper && English.IsPlural(tokens[head].Lower));
            case Tag.Possessive: return head >= 0;
            case Tag.Adjective:
                return head < 0 || NominalAfter(i)
                    || (tokens[first].Tag is Tag.Determiner or Tag.PossPronoun && TagAt(i + 1) is Tag.VerbThird or Tag.VerbPast or Tag.Modal);
            case Tag.Adverb: return head < 0 && (TagAt(i + 1) is Tag.Adjective or Tag.Number or Tag.Adverb || (i > first && TagAt(i + 1) is Tag.Noun or Tag.Proper));
            case Tag.Coordinator:
                // "red and blue cars": only between modifiers, before the head.
                return head < 0 && i > first && tokens[i - 1].Tag == Tag.Adjective && TagAt(i + 1) == Tag.Adjective && NominalAfter(i + 1);
            case Tag.Comma when i + 1 < tokens.Count && tokens[i + 1].Lower is "jr" or "jr." or "sr" or "sr." or "inc" or "inc." or "ltd" or "ltd.":
                return head == i - 1 && tokens[head].Tag == Tag.Proper;
            case Tag.Comma:
                return head < 0 && i > first && tokens[i - 1].Tag == Tag.Adjective && TagAt(i + 1) == Tag.Adjective && NominalAfter(i + 1);
            case Tag.Symbol: return tokens[i].Text is "&" or "%" or "#" or "/" or "*" or "+" && head >= 0;
            case Tag.Quote: return head < 0 && i > first && ClosesSoon(i) || OpenQuote(first, i);
            case Tag.VerbIng: return i > first && head < 0 && tokens[i - 1].Tag is Tag.Determiner or Tag.PossPronoun or Tag.Possessive or Tag.Adjective;
            case Tag.VerbParticiple: return i > first && head < 0 && NominalAfter(i);
            default: return false;
        }
    }

    private bool NominalAfter(int i) => TagAt(i + 1) is Tag.Noun or Tag.Proper || (TagAt(i + 1) == Tag.Adjective && TagAt(i + 2) is Tag.Noun or Tag.Proper);

    private bool ClosesSoon(int i) => Enumerable.Range(i + 1, 8).Any(k => TagAt(k) == Tag.Quote);

    private bool OpenQuote(int first, int i)
    {
        var open = 0;
        for (var k = first; k < i; k++)
        {
            open += tokens[k].Tag == Tag.Quote ? 1 : 0;
        }

        return open == 1;
    }

    private int VerbGroup(int first)
    {
        var group = new VerbGroup { Lemma = "", Infinitive = false, NonFinite = true };
        var i = first;
        var main = -1;
        for (; i < tokens.Count; i++)
        {
            var token = tokens[i];
            if (token.Tag == Tag.Negation)
            {
                group.Negated = true;
            }
            else if (token.Tag == Tag.Adverb)
            {
                if (!StartsVerb(i))
                {
                    break;
                }
            }
            else if (token.Tag == Tag.To && (main < 0 || IsPeriphrastic(group, main)))
            {
                ReadTo(group, ref main);
            }
            else if (token.Tag == Tag.Modal && (main < 0 || (token.Lower == "gonna" && tokens[main].Lemma == "be")))
            {
                main = -1;
                group.Modal = token.Lower switch { "'ll" or "wo" or "shall" or "gonna" => "will", "'d" => "would", "ca" => "can", "gotta" => "must", var m => m };
                group.NonFinite = false;
            }
            else if (token.IsVerb && Continues(group, main, token))
            {
                Absorb(group, ref main, i);
            }
            else
            {
                break;
            }
        }

        if (main < 0)
        {
            return Add(PhraseKind.Other, first, first);
        }

        // Adverbs at the end belong to the clause, not to the group ("lives here"); a negation stays ("is not").
        Finish(group, main);
        var last = Particle(group, i - 1);
        phrases.Add(new Phrase(PhraseKind.Verb, first, last) { Verb = group, Head = group.Main });
        return last + 1;
    }

    private bool IsPeriphrastic(VerbGroup group, int main) =>
        (tokens[main].Lower == "going" && group.Progressive) || (tokens[main].Lower == "used" && !group.Passive) || (tokens[main].Lemma == "have" && tokens[main].Tag != Tag.VerbIng)
        || tokens[main].Lemma == "be";

    private void ReadTo(VerbGroup group, ref int main)
    {
        if (main < 0)
        {
            group.Infinitive = true;
            return;
        }

        group.Modal = tokens[main].Lower switch { "going" => "will", "used" => "used_to", "be" or "is" or "are" or "was" or "were" => "will", _ => "must" };
        group.Progressive = false;
        main = -1;
    }

    private bool Continues(VerbGroup group, int main, Token token)
    {
        if (main < 0)
        {
            return true;
        }

        return tokens[main].Lemma switch
        {
            "be" => token.Tag is Tag.VerbParticiple or Tag.VerbIng,
            "have" => token.Tag == Tag.VerbParticiple,
            "do" => token.Tag == Tag.Verb,
            "get" => token.Tag == Tag.VerbParticiple && !group.Infinitive,
            _ => false,
        };
    }

    private void Absorb(VerbGroup group, ref int main, int i)
    {
        var token = tokens[i];
        if (main < 0)
        {
            if (group.Modal is null && !group.Infinitive)
            {
                group.Past = token.Tag == Tag.VerbPast;
                group.NonFinite = token.Tag is Tag.VerbParticiple or Tag.VerbIng;
            }
        }
        else
        {
            var auxiliary = tokens[main].Lemma;
            group.Passive = auxiliary is "be" or "get" && token.Tag == Tag.VerbParticiple;
            group.Progressive = auxiliary == "be" && token.Tag == Tag.VerbIng;
            group.Perfect |= auxiliary == "have";
        }

        main = i;
    }

    private void Finish(VerbGroup group, int main)
    {
        group.Main = main;
        group.Form = tokens[main].Tag;
        group.Lemma = tokens[main].Lemma ?? tokens[main].Lower;
        group.NonFinite = group.NonFinite && !group.Infinitive && tokens[main].Tag is Tag.VerbParticiple or Tag.VerbIng && !group.Passive && !group.Progressive && !group.Perfect;
        group.Passive |= group.NonFinite && tokens[main].Tag == Tag.VerbParticiple;
    }

    /// <summary>"grew up in", "set up", "worked out": the particle changes the verb.</summary>
    private int Particle(VerbGroup group, int last)
    {
        if (group.Lemma == "pass" && last + 1 < tokens.Count && tokens[last + 1].Lower == "away")
        {
            group.Lemma = "die";
            return last + 1;
        }

        if (last + 1 >= tokens.Count || tokens[last + 1].Tag != Tag.Preposition || tokens[last + 1].Lower is not ("up" or "out" or "off" or "down" or "over" or "on" or "in"))
        {
            return last;
        }

        var particle = tokens[last + 1].Lower;
        var next = TagAt(last + 2);
        var alone = next is null or Tag.Preposition or Tag.Comma or Tag.Time or Tag.Coordinator or Tag.To or Tag.Adverb or Tag.Subordinator;
        var phrasal = particle is "up" or "out" or "off" && group.Lemma is not ("go" or "come" or "walk" or "run" or "climb" or "drive" or "fall");
        if ((alone && particle is not ("on" or "in" or "over")) || phrasal)
        {
            group.Lemma += "_" + particle;
            return last + 1;
        }

        return last;
    }
}
