namespace Engram.Engine.Extraction.Rules;

/// <summary>Splits text into sentences of tokens in one pass. Penn-style separate clitics ("do n't", "Tom 's") come out as from plain text.</summary>
internal sealed class Tokenizer(string text)
{
    /// <summary>Longer sentences are cut: every look-ahead of the reader is bounded by a sentence, so this keeps it linear.</summary>
    public const int MaxSentence = 160;

    private const int MaxWord = 64;

    private static readonly HashSet<string> Abbreviations = new(StringComparer.Ordinal)
    {
        "mr", "mrs", "ms", "dr", "prof", "st", "jr", "sr", "inc", "corp", "co", "ltd", "vs", "etc", "no", "vol", "gen", "col", "sen", "rep",
        "gov", "lt", "capt", "sgt", "rev", "hon", "mt", "ft", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec",
        "u.s", "u.k", "e.g", "i.e", "a.m", "p.m", "d.c", "ph.d", "approx", "est", "dept", "univ", "bros",
    };

    private readonly List<Token> sentence = [];
    private int position;

    /// <summary>The sentences, each with whether it ends in a question mark.</summary>
    public IEnumerable<(List<Token> Tokens, bool Question)> Sentences()
    {
        while (position < text.Length)
        {
            var end = ReadNext();
            if (sentence.Count > 0 && (end != SentenceEnd.No || sentence.Count >= MaxSentence))
            {
                yield return ([.. sentence], end == SentenceEnd.Question);
                sentence.Clear();
            }
        }

        if (sentence.Count > 0)
        {
            yield return ([.. sentence], false);
        }
    }

    private enum SentenceEnd { No, Statement, Question }

    private SentenceEnd ReadNext()
    {
        var c = text[position];
        if (c is '\n' or '\r')
        {
            return ReadLineBreak();
        }

        if (char.IsWhiteSpace(c))
        {
            position++;
            return SentenceEnd.No;
        }

        if (char.IsLetterOrDigit(c) || (c is '$' or '€' or '£' && NextIsDigit()) || (c == '-' && NextIsDigit() && !PreviousIsWord()))
        {
            ReadWord();
            return SentenceEnd.No;
        }

        if (c is '\'' or '’' && TryReadClitic())
        {
            return SentenceEnd.No;
        }

        return ReadMark(c);
    }

    private SentenceEnd ReadLineBreak()
    {
        var breaks = 0;
        while (position < text.Length && char.IsWhiteSpace(text[position]))
        {
            breaks += text[position++] == '\n' ? 1 : 0;
        }

        // A single break before a lower-case letter is a wrapped line of the same sentence.
        var wrapped = breaks <= 1 && position < text.Length && char.IsLower(text[position]);
        return wrapped ? SentenceEnd.No : SentenceEnd.Statement;
    }

    private bool NextIsDigit() => position + 1 < text.Length && char.IsDigit(text[position + 1]);

    private bool PreviousIsWord() => position > 0 && char.IsLetterOrDigit(text[position - 1]);

    private void ReadWord()
    {
        var start = position++;
        while (position < text.Length && IsInsideWord(start))
        {
            position++;
        }

        AddWord(start, position);
    }

    private bool IsInsideWord(int start)
    {
        var c = text[position];
        if (char.IsLetterOrDigit(c) || char.GetUnicodeCategory(c) == System.Globalization.UnicodeCategory.NonSpacingMark)
        {
            return true;
        }

        if (position + 1 >= text.Length)
        {
            return c == '%' || (c == '.' && IsAbbreviation(start, position));
        }

        var next = text[position + 1];
        return c switch
        {
            '-' => char.IsLetterOrDigit(next),
            '–' => char.IsLetter(next) && char.IsLetter(text[position - 1]),
            '@' or '_' => char.IsLetterOrDigit(next),
            '&' => char.IsUpper(text[position - 1]) && char.IsUpper(next),
            '.' => (char.IsLetterOrDigit(next) && (char.IsDigit(next) == char.IsDigit(text[position - 1]) || !char.IsDigit(next)) && !IsSentenceJoin(next))
                || IsAbbreviation(start, position),
            ',' or ':' => char.IsDigit(text[position - 1]) && char.IsDigit(next),
            '/' => char.IsLetterOrDigit(next),
            '%' => char.IsDigit(text[position - 1]),
            '\'' or '’' => char.IsLetter(next) && IsInnerApostrophe(next),
            _ => false,
        };
    }

    // "ended.Then" lacks its space; "U.S" and "example.com" do not.
    private bool IsSentenceJoin(char next) => char.IsUpper(next) && char.IsLower(text[position - 1]);

    private bool IsAbbreviation(int start, int dot)
    {
        var length = dot - start;
        if (length is 1 && char.IsUpper(text[start]) && text[start] != 'I')
        {
            return true;
        }

        return length <= 6 && (Abbreviations.Contains(text[start..dot].ToLowerInvariant()) || (length >= 3 && text[dot - 2] == '.'));
    }

    // "O'Brien", "rock'n'roll", "don't": inside; "Tom's", "I'm": a clitic of its own, read next.
    private bool IsInnerApostrophe(char next) =>
        !IsCliticAt(position) && (char.IsUpper(next) || (position > 0 && char.ToLowerInvariant(text[position - 1]) == 'n' && next == 't'));

    private bool IsCliticAt(int apostrophe)
    {
        var end = apostrophe + 1;
        while (end < text.Length && end < apostrophe + 4 && char.IsLetter(text[end]))
        {
            end++;
        }

        return text[(apostrophe + 1)..end].ToLowerInvariant() is "s" or "m" or "re" or "ve" or "ll" or "d";
    }

    private bool TryReadClitic()
    {
        if (!IsCliticAt(position) || position == 0)
        {
            return false;
        }

        var start = position++;
        while (position < text.Length && char.IsLetter(text[position]))
        {
            position++;
        }

        sentence.Add(new Token(start, position - start, "'" + text[(start + 1)..position]));
        return true;
    }

    private void AddWord(int start, int end)
    {
        if (end - start > MaxWord)
        {
            sentence.Add(new Token(start, end - start, "\u00B7") { Tag = Tag.Symbol });
            return;
        }

        var word = text[start..end];
        if (word.Length > 3 && (word.EndsWith("n't", StringComparison.OrdinalIgnoreCase) || word.EndsWith("n’t", StringComparison.OrdinalIgnoreCase)))
        {
            sentence.Add(new Token(start, word.Length - 3, word[..^3]));
            sentence.Add(new Token(end - 3, 3, "n't"));
            return;
        }

        if (string.Equals(word, "cannot", StringComparison.OrdinalIgnoreCase))
        {
            sentence.Add(new Token(start, 3, word[..3]));
            sentence.Add(new Token(start + 3, 3, "not"));
            return;
        }

        sentence.Add(new Token(start, end - start, word));
    }

    private SentenceEnd ReadMark(char c)
    {
        var start = position++;
        if (c is '\'' or '’' && start > 0 && text[start - 1] is 's' or 'S' && position < text.Length && text[position] == ' ' && !sentence.Exists(t => t.Tag == Tag.Quote))
        {
            // The owner is a plural: "the Martyrs' Memorial".
            sentence.Add(new Token(start, 1, "'") { Tag = Tag.Possessive });
            return SentenceEnd.No;
        }

        while (position < text.Length && text[position] == c && c is '.' or '!' or '?' or '-' or '\'' or '`')
        {
            position++;
        }

        var end = c switch
        {
            '?' => SentenceEnd.Question,
            '!' or '\u2026' => SentenceEnd.Statement,
            '.' when position - start > 1 && position < text.Length && !char.IsWhiteSpace(text[position]) => SentenceEnd.No,
            '.' => SentenceEnd.Statement,
            _ => SentenceEnd.No,
        };
        if (end == SentenceEnd.No)
        {
            sentence.Add(new Token(start, position - start, text[start..position]) { Tag = MarkTag(c, position - start) });
        }
        else if (position < text.Length && text[position] is '"' or '”' or '\'' or ')')
        {
            position++;
        }

        return end;
    }

    private static Tag MarkTag(char c, int length) => c switch
    {
        ',' => Tag.Comma,
        ';' or ':' or '—' or '–' => Tag.Break,
        '-' => Tag.Break,
        '(' or '[' => Tag.Open,
        ')' or ']' => Tag.Close,
        '"' or '“' or '”' or '«' or '»' or '`' => Tag.Quote,
        '\'' or '‘' or '’' when length == 2 => Tag.Quote,
        '\'' or '‘' or '’' => Tag.Quote,
        _ => Tag.Symbol,
    };
}
