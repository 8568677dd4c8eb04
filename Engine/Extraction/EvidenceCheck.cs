using System.Buffers;
using System.Globalization;

namespace Engram.Engine.Extraction;

/// <summary>
/// Verifies that a triple is supported by the words of its text: its span exists, and what its subject and object say occurs
/// there. It does not judge whether the relation is right; it catches invented entities, which is what a wrong extractor (rules
/// or model) does worst.
/// </summary>
/// <remarks>
/// Words are compared by a crude stem, so "gardens" supports "garden". The speaker's own words are allowed anywhere because the
/// speaker stands for "I". An ISO date is allowed when its evidence holds a digit or a calendar word it can come from.
/// Build one per text: linear in the text; each check is linear in the triple and its evidence.
/// </remarks>
public sealed class EvidenceCheck
{
    private static readonly HashSet<string> Glue = new(StringComparer.Ordinal)
    {
        "a", "an", "the", "of", "to", "in", "on", "at", "for", "by", "with", "from", "and", "or", "be", "is", "are", "was", "were",
        "his", "her", "their", "my", "our", "your", "its", "s",
    };

    private static readonly HashSet<string> Calendar = new(StringComparer.Ordinal)
    {
        "today", "tonight", "yesterday", "tomorrow", "ago", "last", "next", "this", "week", "weekend", "month", "year", "day", "hour",
        "minute", "morning", "afternoon", "evening", "night", "now", "currently", "recently", "spring", "summer", "autumn", "fall",
        "winter", "since", "earlier", "later", "just",
        // The commonest of other languages that models are given: today, yesterday, tomorrow, year, month, week, since, ago.
        "heute", "gestern", "vorgestern", "morgen", "jahr", "jahren", "monat", "monaten", "woche", "wochen", "seit", "vor", "letzten", "letztes", "letzte",
        "hoy", "ayer", "mañana", "año", "años", "mes", "meses", "semana", "semanas", "desde", "hace", "pasado", "pasada",
        "hier", "aujourd", "demain", "an", "ans", "année", "années", "mois", "semaine", "semaines", "depuis", "dernier", "dernière",
        "oggi", "ieri", "domani", "anno", "anni", "mese", "mesi", "settimana", "settimane", "dal", "fa", "scorso", "scorsa",
        "hoje", "ontem", "amanhã", "ano", "anos", "mês", "atrás", "passado", "passada", "vandaag", "gisteren", "jaar", "geleden",
        "сегодня", "вчера", "завтра", "год", "года", "году", "лет", "месяц", "неделю", "назад", "dzisiaj", "wczoraj", "jutro", "bugün", "dün", "yarın", "önce",
    };

    private static readonly SearchValues<string> UnspacedCalendar = SearchValues.Create(
        ["年", "月", "日", "週", "周", "昨", "今", "明", "去年", "先", "오늘", "어제", "내일", "작년", "년", "월", "วัน", "ปี", "เดือน"], StringComparison.Ordinal);

    private static readonly string[] Numbers =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

    private readonly string text;
    private readonly HashSet<string> known = new(StringComparer.Ordinal);

    /// <summary>Prepares the check for one text.</summary>
    /// <param name="text">The text the triples were extracted from.</param>
    /// <param name="speaker">Who "I" is; null means <c>user</c>.</param>
    public EvidenceCheck(string text, string? speaker)
    {
        ArgumentNullException.ThrowIfNull(text);
        this.text = text;
        foreach (var word in new Words(text))
        {
            known.Add(Stem(text.AsSpan(word)));
        }

        var name = speaker ?? "user";
        foreach (var word in new Words(name))
        {
            known.Add(Stem(name.AsSpan(word)));
        }
    }

    /// <summary>True when the span lies in the text and the words of subject and object are supported.</summary>
    public bool Supports(ExtractedTriple triple)
    {
        ArgumentNullException.ThrowIfNull(triple);
        var span = triple.Evidence;
        if (span.Start < 0 || span.Length < 1 || span.Start > text.Length - span.Length)
        {
            return false;
        }

        return !string.IsNullOrWhiteSpace(triple.Predicate)
            && IsKnown(triple.Subject, span)
            && IsKnown(triple.Object, span);
    }

    private bool IsKnown(string phrase, EvidenceSpan span)
    {
        if (IsIsoDate(phrase))
        {
            return HoldsDate(span);
        }

        var any = false;
        foreach (var word in new Words(phrase))
        {
            if (Glue.Contains(phrase[word].ToLowerInvariant()))
            {
                continue;
            }

            // A script without spaces has no words to compare: there the text must hold the characters themselves.
            if (!known.Contains(Stem(phrase.AsSpan(word))) && !(HasUnspacedScript(phrase.AsSpan(word)) && text.Contains(phrase[word], StringComparison.OrdinalIgnoreCase)))
            {
                return false;
            }

            any = true;
        }

        // A phrase of symbols only ("42 %" has words, "€" has none) is supported when it is quoted verbatim.
        return any || (!string.IsNullOrWhiteSpace(phrase) && text.Contains(phrase, StringComparison.OrdinalIgnoreCase));
    }

    private bool HoldsDate(EvidenceSpan span) => HoldsTime(text.AsSpan(span.Start, span.Length));

    /// <summary>Whether words can mean a time at all: a digit, a calendar word, the name of a day or a month.</summary>
    internal static bool HoldsTime(ReadOnlySpan<char> evidence)
    {
        if (evidence.ContainsAnyInRange('0', '9') || evidence.ContainsAny(UnspacedCalendar))
        {
            return true;
        }

        var part = evidence.ToString();
        foreach (var word in new Words(part))
        {
            var lower = part[word].ToLowerInvariant();
            if (Calendar.Contains(lower) || Calendar.Contains(lower.TrimEnd('s')) || IsDayOrMonth(lower))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasUnspacedScript(ReadOnlySpan<char> word)
    {
        foreach (var c in word)
        {
            // Thai, Lao, Myanmar, Khmer, Kana and the ideographs.
            if (c is (>= '\u0e00' and <= '\u0eff') or (>= '\u1000' and <= '\u109f') or (>= '\u1780' and <= '\u17ff') or (>= '\u3040' and <= '\u9fff') or (>= '\uf900' and <= '\ufaff'))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsDayOrMonth(string word)
    {
        var names = CultureInfo.InvariantCulture.DateTimeFormat;
        return word.Length >= 3
            && (names.DayNames.Any(n => n.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                || names.MonthNames.Any(n => n.StartsWith(word, StringComparison.OrdinalIgnoreCase)));
    }

    private static bool IsIsoDate(string phrase) =>
        phrase.Length is 4 or 7 or 10
        && DateTime.TryParseExact(phrase, ["yyyy", "yyyy-MM", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    private static string Stem(ReadOnlySpan<char> word)
    {
        var lower = word.ToString().ToLowerInvariant();
        if (lower.Length <= 2 && int.TryParse(lower, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n < Numbers.Length)
        {
            return Numbers[n];
        }

        foreach (var suffix in (ReadOnlySpan<string>)["ies", "ing", "ed", "es", "ly", "s", "y", "e"])
        {
            if (lower.Length - suffix.Length >= 3 && lower.EndsWith(suffix, StringComparison.Ordinal))
            {
                return lower[..^suffix.Length];
            }
        }

        return lower;
    }

    /// <summary>Runs of letters and digits.</summary>
    private ref struct Words(ReadOnlySpan<char> text)
    {
        private readonly ReadOnlySpan<char> text = text;
        private int position;

        public Range Current { get; private set; }

        public readonly Words GetEnumerator() => this;

        public bool MoveNext()
        {
            while (position < text.Length && !char.IsLetterOrDigit(text[position]))
            {
                position++;
            }

            var start = position;
            while (position < text.Length && char.IsLetterOrDigit(text[position]))
            {
                position++;
            }

            Current = start..position;
            return position > start;
        }
    }
}
