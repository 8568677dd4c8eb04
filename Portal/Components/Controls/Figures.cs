using System.Globalization;

namespace Engram.Portal.Components.Controls;

/// <summary>Numbers and times as a person reads them; times are UTC everywhere, as on the wire.</summary>
public static class Figures
{
    public static string Count(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public static string Plural(long value, string one, string many) => $"{Count(value)} {(value == 1 ? one : many)}";

    public static string Time(DateTimeOffset? time) =>
        time is { } t ? t.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'UTC'", CultureInfo.InvariantCulture) : "never";

    public static string Day(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    public static string Milliseconds(double? value) => value is { } ms ? ms.ToString(ms < 10 ? "0.0" : "0", CultureInfo.InvariantCulture) + " ms" : "–";

    /// <summary>A duration in the unit a person would say it in.</summary>
    public static string Duration(double? ms) => ms switch
    {
        null => "–",
        < 10 => FormattableString.Invariant($"{ms:0.##} ms"),
        < 1000 => FormattableString.Invariant($"{ms:0} ms"),
        _ => FormattableString.Invariant($"{ms / 1000:0.##} s"),
    };

    /// <summary>How long ago, in its largest unit; "just now" below a minute.</summary>
    public static string Ago(DateTimeOffset? time, DateTimeOffset now)
    {
        if (time is not { } then)
        {
            return "never";
        }
        var age = now - then;
        return age switch
        {
            { TotalMinutes: < 1 } => "just now",
            { TotalHours: < 1 } => Plural((long)age.TotalMinutes, "minute ago", "minutes ago"),
            { TotalDays: < 1 } => Plural((long)age.TotalHours, "hour ago", "hours ago"),
            { TotalDays: < 60 } => Plural((long)age.TotalDays, "day ago", "days ago"),
            _ => Day(then),
        };
    }

    /// <summary>A stretch of time in its two largest units.</summary>
    public static string Span(TimeSpan span) => span switch
    {
        { TotalMinutes: < 1 } => FormattableString.Invariant($"{Math.Max(0, span.TotalSeconds):0} s"),
        { TotalHours: < 1 } => FormattableString.Invariant($"{span.Minutes} min {span.Seconds} s"),
        { TotalDays: < 1 } => FormattableString.Invariant($"{span.Hours} h {span.Minutes} min"),
        _ => FormattableString.Invariant($"{(int)span.TotalDays} d {span.Hours} h"),
    };

    /// <summary>Cents where there are any, finer where it is less than one.</summary>
    public static string Dollars(decimal? usd) => usd switch
    {
        null => "–",
        0 => "$0",
        < 0.01m => FormattableString.Invariant($"${usd:0.######}"),
        _ => FormattableString.Invariant($"${usd:#,0.00}"),
    };

    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => $"{bytes} B",
        < 1024 * 1024 => Scaled(bytes / 1024d, "KiB"),
        < 1024L * 1024 * 1024 => Scaled(bytes / (1024d * 1024), "MiB"),
        _ => Scaled(bytes / (1024d * 1024 * 1024), "GiB"),
    };

    private static string Scaled(double value, string unit) => value.ToString("0.#", CultureInfo.InvariantCulture) + " " + unit;
}
