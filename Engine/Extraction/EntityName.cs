using System.Text;

namespace Engram.Engine.Extraction;

/// <summary>The form under which an entity's names are compared: NFKC, lower case, single spaces, no leading article or surrounding punctuation.</summary>
public static class EntityName
{
    /// <summary>Longest name kept, in characters; a longer object is cut in its alias, not in the evidence.</summary>
    public const int MaxLength = 200;

    private static readonly string[] Articles = ["the ", "a ", "an "];

    /// <summary>Normalises a name; the empty string where nothing is left.</summary>
    /// <param name="name">A name as the text has it.</param>
    public static string Normalize(string name)
    {
        var text = name.Normalize(NormalizationForm.FormKC).ToLowerInvariant();
        var builder = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsWhiteSpace(c))
            {
                if (builder.Length > 0 && builder[^1] != ' ')
                    builder.Append(' ');
            }
            else if (!char.IsControl(c))
            {
                builder.Append(c == '’' ? '\'' : c);
            }
        }

        var normalized = builder.ToString().Trim(' ', '.', ',', ';', ':', '!', '?', '"', '\'', '(', ')', '[', ']', '“', '”');
        foreach (var article in Articles)
        {
            if (normalized.StartsWith(article, StringComparison.Ordinal) && normalized.Length > article.Length)
                normalized = normalized[article.Length..];
        }

        return normalized.Length > MaxLength ? normalized[..MaxLength] : normalized;
    }
}
