using System.Globalization;

namespace Engram.Engine.Extraction.Rules;

/// <summary>Recognises dates and relative dates and resolves them against the event time, in the event time's offset.</summary>
internal sealed class DateReader(DateTimeOffset eventTime)
{
    private static readonly string[] MonthNames =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

    private static readonly string[] DayNames = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

    private static readonly string[] Counts =
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];

    private readonly DateTimeOffset today = new(eventTime.Year, eventTime.Month, eventTime.Day, 0, 0, 0, eventTime.Offset);

    /// <summary>Marks every time expression of the sentence: all its tokens get <see cref="Tag.Time"/>, the first its value.</summary>
    public void Mark(List<Token> tokens)
    {
        for (var i = 0; i < tokens.Count; i++)
        {
            if (TryRead(tokens, i, out var count) is not { } value)
            {
                continue;
            }

            tokens[i].Time = value;
            for (var k = i; k < i + count; k++)
            {
                tokens[k].Tag = Tag.Time;
            }

            i += count - 1;
        }
    }

    private TimeValue? TryRead(List<Token> t, int i, out int count)
    {
        try
        {
            var value = Relative(t, i, out count) ?? Counted(t, i, out count) ?? Calendar(t, i, out count) ?? Numeric(t, i, out count);
            return value;
        }
        catch (ArgumentOutOfRangeException)
        {
            // "in 9000 years": outside what DateTimeOffset can hold, so not a date for us.
            count = 0;
            return null;
        }
    }

    private static string Word(List<Token> t, int i) => i >= 0 && i < t.Count ? t[i].Lower : "";

    private TimeValue? Relative(List<Token> t, int i, out int count)
    {
        count = 1;
        switch (Word(t, i))
        {
            case "today" or "tonight": return TimeValue.Day(today);
            case "yesterday": return DayPart(t, i, ref count, today.AddDays(-1));
            case "tomorrow": return DayPart(t, i, ref count, today.AddDays(1));
            case "the" when Word(t, i + 1) == "day" && Word(t, i + 3) is "yesterday" or "tomorrow" && Word(t, i + 2) is "before" or "after":
                count = 4;
                return TimeValue.Day(today.AddDays(Word(t, i + 2) == "before" ? -2 : 2));
            case "the" when Word(t, i + 1).Length == 5 && Word(t, i + 1).EndsWith("0s", StringComparison.Ordinal):
                var decade = Numeric(t, i + 1, out _);
                count = 2;
                return decade;
            case "the" when Word(t, i + 1) == "year" && YearOf(Word(t, i + 2)) is { } year:
                count = 3;
                return TimeValue.Year(year, today.Offset);
            case "the" when Word(t, i + 1) == "date" && Word(t, i + 2) != "of" && Calendar(t, i + 2, out var inner) is { } date:
                count = inner + 2;
                return date;
            case "the" when Word(t, i + 1) == "other" && Word(t, i + 2) is "day" or "week":
                count = 3;
                return null;
            case "last" or "past" or "previous": return Shifted(t, i, -1, out count);
            case "next" or "coming": return Shifted(t, i, 1, out count);
            case "this": return Shifted(t, i, 0, out count);
            case "the" when Word(t, i + 1) is "next" or "coming" or "previous" or "past" && Word(t, i + 2) is "day" or "week" or "weekend" or "month" or "year":
                // "the next day" counts from a day of the story, which is not known.
                return null;
            default: return null;
        }
    }

    private static TimeValue DayPart(List<Token> t, int i, ref int count, DateTimeOffset day)
    {
        if (Word(t, i + 1) is "morning" or "afternoon" or "evening" or "night")
        {
            count = 2;
        }

        return TimeValue.Day(day);
    }

    private TimeValue? Shifted(List<Token> t, int i, int direction, out int count)
    {
        count = 2;
        var unit = Word(t, i + 1);
        var monday = today.AddDays(-(((int)today.DayOfWeek + 6) % 7));
        switch (unit)
        {
            case "night" when direction < 0: return TimeValue.Day(today.AddDays(-1));
            case "morning" or "afternoon" or "evening" when direction == 0: return TimeValue.Day(today);
            case "week": return TimeValue.Days(monday.AddDays(7 * direction), 7);
            case "weekend": return TimeValue.Days(Weekend(monday, direction), 2);
            case "month":
                var month = new DateTimeOffset(today.Year, today.Month, 1, 0, 0, 0, today.Offset).AddMonths(direction);
                return TimeValue.Month(month.Year, month.Month, today.Offset);
            case "year": return TimeValue.Year(today.Year + direction, today.Offset);
            case "decade": return TimeValue.Years(today.Year / 10 * 10 + 10 * direction, 10, today.Offset);
        }

        if (Season(unit) is { } start)
        {
            var year = today.Year + direction;
            if (direction < 0 && start.AddMonths(3) <= today)
            {
                year = today.Year;
            }
            else if (direction > 0 && start > today)
            {
                year = today.Year;
            }

            return TimeValue.Days(new DateTimeOffset(year, start.Month, 1, 0, 0, 0, today.Offset), 91);
        }

        if (DayOf(unit) is { } weekday)
        {
            var back = ((int)today.DayOfWeek - weekday + 7) % 7;
            var days = direction < 0 ? -(back == 0 ? 7 : back) : direction == 0 ? weekday - (int)today.DayOfWeek : (weekday - (int)today.DayOfWeek + 6) % 7 + 1;
            return TimeValue.Day(today.AddDays(days));
        }

        if (MonthOf(unit) is { } named && (direction != 0 || i + 1 < t.Count && t[i + 1].Capital))
        {
            var year = today.Year + (direction < 0 && named >= today.Month ? -1 : direction > 0 && named <= today.Month ? 1 : 0);
            return TimeValue.Month(year, named, today.Offset);
        }

        return null;
    }

    // Said on a week-end, "last weekend" is the one before it.
    private static DateTimeOffset Weekend(DateTimeOffset monday, int direction) => monday.AddDays(5 + (7 * direction));

    private DateTimeOffset? Season(string word) => word switch
    {
        "spring" => At(3),
        "summer" => At(6),
        "autumn" or "fall" => At(9),
        "winter" => At(12),
        _ => null,
    };

    private DateTimeOffset At(int month) => new(today.Year, month, 1, 0, 0, 0, today.Offset);

    private TimeValue? Counted(List<Token> t, int i, out int count)
    {
        count = 0;
        var at = i;
        var amount = Word(t, at) switch
        {
            "a" or "an" when Word(t, at + 1) is "couple" => 2,
            "a" when Word(t, at + 1) == "few" => 3,
            "few" => 3,
            "a" or "an" => 1,
            var word => Count(word) ?? 0,
        };
        if (amount is 0 or > 3000)
        {
            return null;
        }

        at += Word(t, at + 1) switch { "couple" => Word(t, at + 2) == "of" ? 3 : 2, "few" => 2, _ => 1 };
        var unit = English.Singular(Word(t, at));
        var direction = Word(t, at + 1) == "ago" ? -1
            : i > 0 && Word(t, i - 1) == "in" && Word(t, at + 1) is not ("of" or "at" or "on") && unit != Word(t, at + 1) && IsFutureSafe(t, i) ? 1
            : 0;
        if (direction == 0 || Step(unit, amount * direction) is not { } value)
        {
            return null;
        }

        // "a few weeks ago" names no particular week.
        var vague = Word(t, i) == "few" || Word(t, i + 1) is "few" or "couple";
        count = at - i + (direction < 0 ? 2 : 1);
        return vague ? value with { Iso = null } : value;
    }

    // "in two weeks" is in the future only after a future or present verb: "won twice in two years" is a duration.
    private static bool IsFutureSafe(List<Token> t, int i)
    {
        for (var k = 0; k < i; k++)
        {
            if (t[k].Lower is "will" or "'ll" or "going" or "is" or "are" or "am" or "'m" or "'re" or "leaving" or "starts" or "start")
            {
                return true;
            }
        }

        return false;
    }

    private TimeValue? Step(string unit, int amount) => unit switch
    {
        "minute" or "hour" => TimeValue.Day(new DateTimeOffset(eventTime.AddHours(unit == "hour" ? amount : 0).Date, eventTime.Offset)),
        "day" => TimeValue.Day(today.AddDays(amount)),
        "week" => TimeValue.Days(today.AddDays((7 * amount) - 3), 7),
        "month" => OfMonth(today.AddMonths(amount)),
        "year" => TimeValue.Year(today.Year + amount, today.Offset),
        "decade" => TimeValue.Years(today.Year + (10 * amount) - 5, 10, today.Offset),
        _ => null,
    };

    private static TimeValue OfMonth(DateTimeOffset day) => TimeValue.Month(day.Year, day.Month, day.Offset);

    private TimeValue? Calendar(List<Token> t, int i, out int count)
    {
        count = 1;
        var at = Word(t, i) == "the" && DayNumber(Word(t, i + 1)) is not null && Word(t, i + 2) == "of" ? i + 1 : i;
        if (DayNumber(Word(t, at)) is { } day)
        {
            var m = Word(t, at + 1) == "of" ? at + 2 : at + 1;
            if (MonthOf(Word(t, m)) is { } month && t[m].Capital)
            {
                return WithYear(t, i, m + 1, month, day, out count);
            }

            return null;
        }

        if (i < t.Count && t[i].Capital && MonthOf(Word(t, i)) is { } named && !(Word(t, i) is "may" or "march" && !MonthContext(t, i)))
        {
            var article = Word(t, i + 1) == "the" && DayNumber(Word(t, i + 2)) is not null ? 1 : 0;
            return DayNumber(Word(t, i + 1 + article)) is { } after
                ? WithYear(t, i, i + 2 + article, named, after, out count)
                : WithYear(t, i, i + 1, named, null, out count);
        }

        if (i < t.Count && t[i].Capital && DayOf(Word(t, i)) is { } weekday && !(i > 0 && t[i - 1].Capital && i > 1 && t[i - 1].IsWord))
        {
            var back = ((int)today.DayOfWeek - weekday + 7) % 7;
            return TimeValue.Weekday(today.AddDays(-(back == 0 ? 7 : back)));
        }

        return null;
    }

    private static bool MonthContext(List<Token> t, int i) =>
        Word(t, i - 1) is "in" or "on" or "since" or "of" or "until" or "by" or "from" or "to" or "between" or "and" or "during" or "early" or "late"
        || DayNumber(Word(t, i + 1)) is not null || YearOf(Word(t, i + 1)) is not null;

    private TimeValue? WithYear(List<Token> t, int start, int at, int month, int? day, out int count)
    {
        if (Word(t, at) is "," or "of" && YearOf(Word(t, at + 1)) is { } later)
        {
            count = at + 2 - start;
            return Date(later, month, day);
        }

        if (YearOf(Word(t, at)) is { } year)
        {
            count = at + 1 - start;
            return Date(year, month, day);
        }

        count = at - start;
        return TimeValue.EveryYear(today, month, day);
    }

    private TimeValue? Date(int year, int month, int? day) =>
        day is null ? TimeValue.Month(year, month, today.Offset)
        : day <= DateTime.DaysInMonth(year, month) ? TimeValue.Day(new DateTimeOffset(year, month, day.Value, 0, 0, 0, today.Offset))
        : null;

    private TimeValue? Numeric(List<Token> t, int i, out int count)
    {
        count = 1;
        var word = Word(t, i);
        if (DateTime.TryParseExact(word, ["yyyy-MM-dd", "yyyy/MM/dd"], CultureInfo.InvariantCulture, DateTimeStyles.None, out var iso))
        {
            return TimeValue.Day(new DateTimeOffset(iso, today.Offset));
        }

        if (word.Length is >= 8 and <= 10 && word.Split('/', '-') is [var a, var b, var last] && DayNumber(a) is { } first && DayNumber(b) is { } second && YearOf(last) is { } full
            && (first > 12 || second > 12 || first == second))
        {
            // Day first or month first: only where the numbers themselves tell.
            return first > 12 ? (second > 12 ? null : Date(full, second, first)) : Date(full, first, second);
        }

        if (word.Length == 5 && word[4] == 's' && YearOf(word[..4]) is { } decade && decade % 10 == 0)
        {
            return TimeValue.Years(decade, decade % 100 == 0 ? 100 : 10, today.Offset);
        }

        // A bare four-digit number is a year after a preposition, in parentheses or after a comma, not as a count of things.
        var before = Word(t, i - 1);
        var after = i + 1 < t.Count ? t[i + 1] : null;
        var alone = after is null || !after.IsWord || after.Classes == 0 && !char.IsLetter(after.Text[0]) || Word(t, i + 1) is "and" or "to" or "until" or "by" or "in" or "at" or "for" or "with" or "when" or "as" or "on" or "after" or "before" or "from" or "but" or "he" or "she" or "it" or "they" or "the";
        return YearOf(word) is { } year
            && (before == "in" && i == 1 && after is { Capital: true }
                || before is "in" or "since" or "until" or "till" or "from" or "to" or "by" or "during" or "before" or "after" or "circa" or "between" or "of" or "around" or "year" or "early" or "late" or "mid" && alone
                || before is "(" or "-" or "–" && alone
                || before is "and" or "," && alone && year is > 1500 and < 2100)
            ? TimeValue.Year(year, today.Offset)
            : null;
    }

    private static int? Count(string word)
    {
        var index = Array.IndexOf(Counts, word);
        return index > 0 ? index : int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 ? n : null;
    }

    private static int? YearOf(string word) =>
        word.Length == 4 && int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var year) && year is >= 1000 and <= 2999 ? year : null;

    private static int? DayNumber(string word)
    {
        if (word.Length is 3 or 4 && word[^2..] is "st" or "nd" or "rd" or "th")
        {
            word = word[..^2];
        }

        return word.Length is 1 or 2 && int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var day) && day is >= 1 and <= 31 ? day : null;
    }

    private static int? MonthOf(string word)
    {
        var bare = word.TrimEnd('.');
        for (var m = 0; m < 12; m++)
        {
            if (bare == MonthNames[m] || (bare.Length == 3 && bare != "may" && MonthNames[m].StartsWith(bare, StringComparison.Ordinal)) || (bare == "sept" && m == 8))
            {
                return m + 1;
            }
        }

        return null;
    }

    private static int? DayOf(string word)
    {
        var index = Array.IndexOf(DayNames, word);
        return index >= 0 ? index : null;
    }
}
