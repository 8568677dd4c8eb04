using System.Globalization;

namespace Engram.Engine.Extraction.Rules;

/// <summary>A resolved time expression: a half-open interval and, where the expression is a calendar date, its ISO 8601 form.</summary>
/// <param name="From">Inclusive start.</param>
/// <param name="To">Exclusive end.</param>
/// <param name="Iso">yyyy, yyyy-MM or yyyy-MM-dd; null for weeks, week-ends, seasons and the like, which have no such form.</param>
internal sealed record TimeValue(DateTimeOffset From, DateTimeOffset To, string? Iso)
{
    public static TimeValue Day(DateTimeOffset day) =>
        new(day, day.AddDays(1), day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    public static TimeValue Month(int year, int month, TimeSpan offset)
    {
        var from = new DateTimeOffset(year, month, 1, 0, 0, 0, offset);
        return new(from, year == 9999 && month == 12 ? from.AddDays(30) : from.AddMonths(1), from.ToString("yyyy-MM", CultureInfo.InvariantCulture));
    }

    public static TimeValue Year(int year, TimeSpan offset) => Years(year, 1, offset) with { Iso = year.ToString("0000", CultureInfo.InvariantCulture) };

    public static TimeValue Years(int year, int count, TimeSpan offset) =>
        new(new(year, 1, 1, 0, 0, 0, offset), new(Math.Min(9999, year + count), 1, 1, 0, 0, 0, offset), null);

    public static TimeValue Days(DateTimeOffset from, int days) => new(from, from.AddDays(days), null);

    /// <summary>The text gives a month, or a day of a month, and no year: this one is the nearest to the event time.</summary>
    public bool Yearless { get; private init; }

    private bool Weekly { get; init; }

    /// <summary>Of a date that returns, the last one that had begun at the event time.</summary>
    private TimeValue? Last { get; init; }

    /// <summary>Of a date that returns, the first one not over at the event time.</summary>
    private TimeValue? Coming { get; init; }

    /// <summary>A bare weekday: the last one, unless the clause speaks of what is to come.</summary>
    public static TimeValue Weekday(DateTimeOffset last) =>
        Day(last) with { Weekly = true, Coming = Day(last.AddDays(7)) with { Weekly = true } };

    /// <summary>A month, or a day of a month, without a year; null if no year has that day.</summary>
    public static TimeValue? EveryYear(DateTimeOffset today, int month, int? day)
    {
        // Two leap years are up to eight years apart, around 1900 and 2100.
        var reach = month == 2 && day == 29 ? 8 : 1;
        var around = Enumerable.Range(today.Year - reach, (2 * reach) + 1)
            .Where(year => year is >= 1 and <= 9999 && day.GetValueOrDefault(1) <= DateTime.DaysInMonth(year, month))
            .Select(year => (day is { } d ? Day(new(year, month, d, 0, 0, 0, today.Offset)) : Month(year, month, today.Offset)) with { Yearless = true })
            .ToList();
        return around.MinBy(date => (date.From - today).Duration()) is { } nearest
            ? nearest with { Last = around.FindLast(date => date.From <= today), Coming = around.Find(date => date.To > today) }
            : null;
    }

    /// <summary>The date that a clause of this tense means.</summary>
    public TimeValue In(Tense tense) => tense switch { Tense.Past => Last ?? this, Tense.Coming => Coming ?? this, _ => this };

    /// <summary>The same date so many weeks (a weekday) or years (one without a year) later; a date that does not return stays.</summary>
    public TimeValue Turn(int times) =>
        Weekly ? Day(From.AddDays(7 * times))
        : !Yearless || From.Year + times is < 1 or >= 9999 ? this
        : Iso is { Length: 7 } ? Month(From.Year + times, From.Month, From.Offset)
        : Day(From.AddYears(times));
}
