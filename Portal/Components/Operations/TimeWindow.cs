using System.Globalization;

namespace Engram.Portal.Components.Operations;

/// <summary>A stretch of time a page looks at: a named range that ends now, or two moments that a link carries.</summary>
/// <param name="Range">The range's name, or null where the moments are given.</param>
public sealed record TimeWindow(string? Range, DateTimeOffset From, DateTimeOffset To)
{
    public const string DefaultRange = "24h";

    private static readonly (string Name, string Title, TimeSpan Length)[] Named =
    [
        ("1h", "1 hour", TimeSpan.FromHours(1)),
        ("6h", "6 hours", TimeSpan.FromHours(6)),
        ("24h", "24 hours", TimeSpan.FromHours(24)),
        ("7d", "7 days", TimeSpan.FromDays(7)),
        ("30d", "30 days", TimeSpan.FromDays(30)),
    ];

    /// <summary>The ranges a person can choose, shortest first.</summary>
    public static IEnumerable<(string Name, string Title)> Ranges => Named.Select(each => (each.Name, each.Title));

    public string Title => Named.FirstOrDefault(each => each.Name == Range).Title is { } title ? "last " + title : $"{Short(From)} to {Short(To)} UTC";

    /// <summary>The window an address asks for; what cannot be read is as if it were not there.</summary>
    public static TimeWindow Of(string? range, string? from, string? to, DateTimeOffset now, string otherwise = DefaultRange)
    {
        if (Moment(from) is { } start && Moment(to) is { } end && start < end)
        {
            return new TimeWindow(null, start, end);
        }
        var named = Array.Find(Named, each => each.Name == range);
        if (named.Name is null)
        {
            named = Array.Find(Named, each => each.Name == otherwise);
        }
        return new TimeWindow(named.Name, now - named.Length, now);
    }

    /// <summary>What the address says of it: nothing for the range that is meant without a word.</summary>
    public IEnumerable<KeyValuePair<string, string>> ToQuery(string otherwise = DefaultRange)
    {
        if (Range is null)
        {
            yield return KeyValuePair.Create("from", Wire(From));
            yield return KeyValuePair.Create("to", Wire(To));
        }
        else if (Range != otherwise)
        {
            yield return KeyValuePair.Create("range", Range);
        }
    }

    /// <summary>A moment as the Api reads it, in UTC.</summary>
    public static string Wire(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>A moment as an axis of this window names it.</summary>
    public string Label(DateTimeOffset moment) => moment.UtcDateTime.ToString(
        To - From > TimeSpan.FromDays(2) ? "MM-dd HH:mm" : To - From > TimeSpan.FromMinutes(10) ? "HH:mm" : "HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Short(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static DateTimeOffset? Moment(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment) ? moment : null;
}
