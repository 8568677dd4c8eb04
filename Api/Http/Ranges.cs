using System.Globalization;

namespace Engram.Api.Http;

/// <summary>Checks numbers out of the query string.</summary>
internal static class Ranges
{
    /// <exception cref="ProblemException">The value is given and out of range.</exception>
    public static void Check(string field, int? value, int least, int most)
    {
        if (value < least || value > most)
            throw new ProblemException(Problems.Invalid(field, $"Must be between {least} and {most}."));
    }

    /// <summary>A time in a query parameter, or a refusal that names the parameter.</summary>
    public static DateTimeOffset? Time(string field, string? text)
    {
        if (text is null)
            return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToUniversalTime()
            : throw new ProblemException(Problems.Invalid(field, "Must be a time as in RFC 3339, such as 2026-01-31T09:30:00Z."));
    }
}
