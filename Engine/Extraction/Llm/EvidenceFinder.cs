using System.Text;

namespace Engram.Engine.Extraction.Llm;

/// <summary>
/// Finds where a text says what a model quotes of it. Models straighten quotation marks, collapse white space and change the case of a first
/// letter; that much is forgiven, nothing else.
/// </summary>
internal sealed class EvidenceFinder
{
    private readonly string _text;
    private string? _folded;
    private int[] _offsets = [];

    public EvidenceFinder(string text) => _text = text;

    /// <summary>The span of the quotation in the text, or null where the text does not hold it.</summary>
    public EvidenceSpan? Find(string quotation)
    {
        var quoted = quotation.Trim();
        if (!quoted.Any(char.IsLetterOrDigit))
            return null;
        var at = _text.IndexOf(quoted, StringComparison.Ordinal);
        if (at >= 0)
            return new EvidenceSpan(at, quoted.Length);

        _folded ??= FoldText();
        var folded = Fold(quoted, null).Trim();
        var found = folded.Length == 0 ? -1 : _folded.IndexOf(folded, StringComparison.Ordinal);
        if (found < 0)
            return null;
        var start = _offsets[found];
        var last = _offsets[found + folded.Length - 1];
        return new EvidenceSpan(start, last - start + 1);
    }

    private string FoldText()
    {
        var offsets = new List<int>(_text.Length);
        var folded = Fold(_text, offsets);
        _offsets = [.. offsets];
        return folded;
    }

    /// <summary>Lower case, plain quotation marks and dashes, single spaces; character by character, so that every one keeps its offset.</summary>
    private static string Fold(string text, List<int>? offsets)
    {
        var folded = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i] switch
            {
                '‘' or '’' or '‚' or 'ʼ' or '`' => '\'',
                '“' or '”' or '„' or '«' or '»' => '"',
                '–' or '—' or '‐' or '‑' => '-',
                // The fence writes a tag's bracket so; a model copies what it was shown.
                '‹' => '<',
                var other => char.IsWhiteSpace(other) ? ' ' : char.ToLowerInvariant(other),
            };
            if (c == ' ' && (folded.Length == 0 || folded[^1] == ' '))
                continue;
            folded.Append(c);
            offsets?.Add(i);
        }

        return folded.ToString();
    }
}
