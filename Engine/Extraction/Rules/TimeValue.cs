using System.Globalization;

namespace Engram.Engine.Extraction.Rules;

/// <summary>A resolved time expression: a half-open interval and, where the expression is a calendar date, its ISO 8601 form.</summary>
/// <param name="From">Inclusive start.</param>
/// <param name="To">Exclusive end.</param>
/// <param name="Iso">yyyy, yyyy-MM or yyyy-MM-dd; null for weeks, week-ends, seasons and the like, which have no such form.</param>
/// <param name="Yearless">The text gives day and month only; the year is the nearest.</param>
/// <param name="Weekday">A bare weekday: the last one before the event time, unless the clause speaks of the future.</param>
internal sealed record TimeValue(DateTimeOffset From, DateTimeOffset To, string? Iso, bool Weekday = false, bool Yearless = false)
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

    /// <summary>A bare weekday read as the next one instead of the last.</summary>
    public TimeValue Next() => Weekday ? Day(From.AddDays(7)) : this;
}
