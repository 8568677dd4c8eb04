namespace Engram.Engine.Memories;

/// <summary>Maps what a caller says of a language to a text search configuration that every PostgreSQL brings along.</summary>
internal static class TextLanguage
{
    public const string Default = "english";

    // ISO 639-1 -> pg_catalog configuration; a language without a stemmer goes to 'simple' (words as they are, lower-cased).
    private static readonly Dictionary<string, string> Configurations = (
        "ar arabic, hy armenian, eu basque, ca catalan, da danish, nl dutch, en english, fi finnish, fr french, de german, el greek, hi hindi, " +
        "hu hungarian, id indonesian, ga irish, it italian, lt lithuanian, ne nepali, no norwegian, nb norwegian, nn norwegian, pt portuguese, " +
        "ro romanian, ru russian, sr serbian, es spanish, sv swedish, ta tamil, tr turkish, yi yiddish")
        .Split(", ").Select(pair => pair.Split(' ')).ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);

    private static readonly HashSet<string> Names = new(Configurations.Values.Append("simple"), StringComparer.OrdinalIgnoreCase);

    /// <summary>The configuration for a name (<c>german</c>), a code (<c>de</c>) or a tag (<c>de-AT</c>); English where nothing is said.</summary>
    /// <exception cref="EngramException">It is not a language at all.</exception>
    public static string Resolve(string? language)
    {
        if (string.IsNullOrEmpty(language))
            return Default;
        if (Names.Contains(language))
            return language.ToLowerInvariant();
        var code = language.Split('-', '_')[0];
        if (Configurations.TryGetValue(code, out var configuration))
            return configuration;
        if (code.Length is 2 or 3 && code.All(char.IsAsciiLetter))
            return "simple";
        throw EngramException.Invalid("language", "language must be an ISO 639 code such as 'en' or 'de', or a text search configuration such as 'english'.");
    }

    /// <summary>ISO 639-1 code of a configuration, for the extractor; <c>und</c> for 'simple'.</summary>
    public static string CodeOf(string configuration)
    {
        foreach (var (code, name) in Configurations)
        {
            if (name == configuration)
                return code;
        }

        return "und";
    }
}
