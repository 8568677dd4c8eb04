using System.Globalization;
using System.Text.RegularExpressions;

namespace Engram.Engine.Prompts;

/// <summary>
/// Puts untrusted text between tags that it cannot close. What a model then does with the text is the model's; that the text ends where its tag
/// ends is certain, because no opening or closing tag of ours is left inside.
/// </summary>
internal static partial class Fence
{
    // Every tag a prompt of ours uses. The pattern below lists the same names.
    private const char Harmless = '‹';

    /// <summary>
    /// The text with the bracket of every tag of ours replaced: as many characters as before, so that offsets into the text stay true. Look-alike
    /// brackets and letters with invisible characters between them count as well.
    /// </summary>
    public static string Neutralise(string text)
    {
        if (!Tag().IsMatch(text))
            return text;
        return Tag().Replace(text, match => Harmless + match.Value[1..]);
    }

    /// <summary>Whether a text holds a tag of ours, or one that looks like it.</summary>
    public static bool HoldsTag(string text) => Tag().IsMatch(text);

    /// <summary>A single line for a prompt's own lines (a name, a language): no line breaks, no tags, cut.</summary>
    public static string Line(string text, int longest = 100)
    {
        var line = Breaks().Replace(text, " ").Trim();
        return Neutralise(line.Length > longest ? line[..longest] : line);
    }

    /// <summary><c>&lt;text&gt;...&lt;/text&gt;</c>.</summary>
    public static string Text(string text) => $"<text>\n{Neutralise(text)}\n</text>";

    /// <summary><c>&lt;question&gt;...&lt;/question&gt;</c>.</summary>
    public static string Question(string text) => $"<question>\n{Neutralise(text)}\n</question>";

    /// <summary><c>&lt;profile bucket="..."&gt;...&lt;/profile&gt;</c>.</summary>
    public static string Profile(string bucket, string text) => $"<profile bucket=\"{Attribute(bucket)}\">\n{Neutralise(text)}\n</profile>";

    /// <summary><c>&lt;memory id="1" date="2026-03-01"&gt;...&lt;/memory&gt;</c>.</summary>
    public static string Memory(int number, DateTimeOffset date, string text) => Numbered("memory", number, date, text);

    /// <summary><c>&lt;fact id="9" date="2026-03-01"&gt;...&lt;/fact&gt;</c>.</summary>
    public static string Fact(int number, DateTimeOffset date, string text) => Numbered("fact", number, date, text);

    private static string Numbered(string tag, int number, DateTimeOffset date, string text) => string.Create(
        CultureInfo.InvariantCulture, $"<{tag} id=\"{number}\" date=\"{date.UtcDateTime:yyyy-MM-dd}\">{Neutralise(text)}</{tag}>");

    private static string Attribute(string text) => Line(text).Replace("\"", "'", StringComparison.Ordinal);

    // < or a look-alike, then white space, slashes and invisible characters in any order, then one of our names, whose letters may have
    // invisible characters between them.
    [GeneratedRegex(
        @"[<\uFF1C\uFE64\u2329\u27E8\u3008\u276E](?=[\s/\uFF0F\u2044\u2215\p{Cf}\p{Cc}]*(?:" +
        @"t\p{Cf}*e\p{Cf}*x\p{Cf}*t|m\p{Cf}*e\p{Cf}*m\p{Cf}*o\p{Cf}*r\p{Cf}*(?:y|i\p{Cf}*e\p{Cf}*s)|q\p{Cf}*u\p{Cf}*e\p{Cf}*s\p{Cf}*t\p{Cf}*i\p{Cf}*o\p{Cf}*n|" +
        @"f\p{Cf}*a\p{Cf}*c\p{Cf}*t|p\p{Cf}*r\p{Cf}*o\p{Cf}*f\p{Cf}*i\p{Cf}*l\p{Cf}*e))",
        RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Tag();

    [GeneratedRegex(@"[\s\p{Cc}\u2028\u2029]+")]
    private static partial Regex Breaks();
}
