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
}
