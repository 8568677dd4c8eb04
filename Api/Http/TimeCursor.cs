using System.Globalization;

namespace Engram.Api.Http;

/// <summary>The place after one row of a list that is ordered by time and id.</summary>
internal static class TimeCursor
{
    public static string Of(DateTimeOffset at, Guid id) => string.Create(CultureInfo.InvariantCulture, $"{at.UtcTicks}_{id}");

    /// <summary>Null for the first page.</summary>
    public static (DateTimeOffset At, Guid Id)? Read(string? cursor)
    {
        if (cursor is null)
            return null;
        return cursor.Split('_') is [var ticks, var text]
            && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var at) && at <= DateTimeOffset.MaxValue.Ticks
            && Guid.TryParse(text, out var id)
                ? (new DateTimeOffset(at, TimeSpan.Zero), id)
                : throw new ProblemException(Problems.Invalid("cursor", "Is no cursor of this list: take it from 'next' of the page before."));
    }
}
