using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Engram.Engine.Recall;

/// <summary>A citation as it stands in an answer.</summary>
/// <param name="Number">The number of what is cited, one that was given to the model.</param>
/// <param name="Claim">The words before it.</param>
internal readonly record struct CitedClaim(int Number, string Claim);

/// <summary>
/// Reads a model's answer as it comes: takes the status line out, writes every citation of a number that was given to the model as the id of its
/// memory, and removes every other citation, so that no id reaches the caller that was not retrieved. What <see cref="Push"/> returns, joined, is
/// <see cref="Text"/>, however the reply is cut into pieces.
/// </summary>
/// <param name="memoryOf">The memory behind a number, or null.</param>
internal sealed partial class AnswerReader(Func<int, Guid?> memoryOf)
{
    private const int LongestBracket = 80;
    private const int LongestClaim = 300;
    private const int LongestStatus = 40;

    private readonly StringBuilder _text = new();
    private readonly StringBuilder _line = new();
    private readonly StringBuilder _bracket = new();
    private readonly StringBuilder _space = new();
    private readonly StringBuilder _claim = new();
    private readonly List<CitedClaim> _cited = [];
    private bool _lineStart = true;
    private bool _tighten;

    /// <summary>The answer so far.</summary>
    public string Text => _text.ToString();

    /// <summary>The last status line, or null.</summary>
    public AnswerStatus? Status { get; private set; }

    /// <summary>Verified citations, in order, repeated where the answer repeats them.</summary>
    public IReadOnlyList<CitedClaim> Cited => _cited;

    /// <summary>Citations removed because nothing of that number or id was given to the model.</summary>
    public int Removed { get; private set; }

    /// <summary>Reads on.</summary>
    /// <param name="piece">The next piece of the reply.</param>
    /// <returns>What can be shown now; may be empty.</returns>
    public string Push(string piece)
    {
        var from = _text.Length;
        foreach (var c in piece)
            Feed(c);
        return _text.ToString(from, _text.Length - from);
    }

    /// <summary>The reply is over.</summary>
    /// <returns>What was held back.</returns>
    public string Finish()
    {
        var from = _text.Length;
        if (_line.Length > 0)
            EndLine();
        FlushBracket();
        return _text.ToString(from, _text.Length - from);
    }

    private void Feed(char c)
    {
        if (!_lineStart)
        {
            Cite(c);
            _lineStart = c == '\n';
            return;
        }

        if (c == '\n')
        {
            if (!EndLine())
                Cite(c);
            return;
        }

        _line.Append(c);
        if (!MayBeStatus(_line))
        {
            FlushLine();
            _lineStart = false;
        }
    }

    /// <summary>Takes a status line out; anything else is text.</summary>
    private bool EndLine()
    {
        var status = StatusOf(Letters(_line));
        if (status is null)
        {
            FlushLine();
            return false;
        }

        Status = status;
        _line.Clear();
        return true;
    }

    private void FlushLine()
    {
        var line = _line.ToString();
        _line.Clear();
        foreach (var c in line)
            Cite(c);
    }

    private void Cite(char c)
    {
        var opens = c is '[' or '【';
        if (_bracket.Length == 0 && !opens)
        {
            Emit(c);
            return;
        }

        // A bracket within a bracket begins anew: the outer one was no citation.
        if (opens || c == '\n' || _bracket.Length >= LongestBracket)
            FlushBracket();
        if (c == '\n')
        {
            Emit(c);
            return;
        }

        if (_bracket.Length == 0 && !opens)
        {
            Emit(c);
            return;
        }

        _bracket.Append(c);
        if (c is ']' or '】')
            CloseBracket();
    }

    private void CloseBracket()
    {
        var inner = _bracket.ToString(1, _bracket.Length - 2);
        if (CitedNumbers().Match(inner) is { Success: true })
            CiteNumbers(inner);
        else if (Id().IsMatch(inner))
            Remove();
        else
            FlushBracket();
        _bracket.Clear();
    }

    private void CiteNumbers(string inner)
    {
        var written = false;
        foreach (Match match in Range().Matches(inner))
        {
            var first = int.Parse(match.Groups["first"].ValueSpan, CultureInfo.InvariantCulture);
            var last = match.Groups["last"].Success ? int.Parse(match.Groups["last"].ValueSpan, CultureInfo.InvariantCulture) : first;
            for (var number = first; number <= Math.Min(last, first + 20); number++)
            {
                if (memoryOf(number) is not { } memory)
                {
                    Remove();
                    continue;
                }

                if (written)
                    Emit(' ');
                foreach (var c in $"[{memory}]")
                    Emit(c, ofClaim: false);
                _cited.Add(new CitedClaim(number, _claim.ToString()));
                written = true;
            }
        }
    }

    private void Remove()
    {
        Removed++;
        _tighten = true;
    }

    private void FlushBracket()
    {
        var raw = _bracket.ToString();
        _bracket.Clear();
        foreach (var c in raw)
            Emit(c);
    }

    private void Emit(char c, bool ofClaim = true)
    {
        // Nothing follows "not found": what the memories do not hold is not invented.
        if (Status == AnswerStatus.NotFound)
            return;
        if (char.IsWhiteSpace(c))
        {
            if (_text.Length > 0 && !(_tighten && _space.Length > 0))
                _space.Append(c);
            if (ofClaim && _claim.Length > 0)
                _claim.Append(' ');
            return;
        }

        if (_space.Length > 0)
        {
            // Where a citation was taken out, the full stop moves up to the word.
            if (!(_tighten && c is '.' or ',' or ';' or ':' or '!' or '?' or ')'))
                _text.Append(_space);
            _space.Clear();
        }

        _tighten = false;
        _text.Append(c);
        if (!ofClaim)
            return;
        if (_claim.Length >= LongestClaim || (_claim.Length > 0 && _claim[^1] == ' ' && EndsSentence(_claim)))
            _claim.Clear();
        _claim.Append(c);
    }

    private static bool EndsSentence(StringBuilder claim) => claim.Length > 1 && claim[^2] is '.' or '!' or '?' or '。';

    private static bool MayBeStatus(StringBuilder line)
    {
        if (line.Length > LongestStatus)
            return false;
        var letters = Letters(line);
        return "status:".StartsWith(letters, StringComparison.Ordinal) || "answerstatus:".StartsWith(letters, StringComparison.Ordinal)
            || letters.StartsWith("status:", StringComparison.Ordinal) || letters.StartsWith("answerstatus:", StringComparison.Ordinal);
    }

    /// <summary>Letters and colons only: models write the line in bold, quoted, or as a list item.</summary>
    private static string Letters(StringBuilder line)
    {
        var letters = new StringBuilder(line.Length);
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i] == '：' ? ':' : char.ToLowerInvariant(line[i]);
            if (char.IsLetterOrDigit(c) || c is ':' or '[' or '【')
                letters.Append(c);
        }

        return letters.ToString();
    }

    private static AnswerStatus? StatusOf(string letters) => letters[(letters.IndexOf(':', StringComparison.Ordinal) + 1)..] is var word && letters.EndsWith("status:" + word, StringComparison.Ordinal)
        ? word switch
        {
            "answered" => AnswerStatus.Answered,
            "partial" => AnswerStatus.Partial,
            "conflicting" => AnswerStatus.Conflicting,
            "notfound" => AnswerStatus.NotFound,
            _ => null,
        }
        : null;

    [GeneratedRegex(@"^\s*(?:(?:memory|memories|fact|facts|source|sources|id|ids|no\.?|#|m)\s*[:#]?\s*)?\d{1,3}(?:(?:\s*(?:[,;、&]|and|-|–)\s*|\s+)(?:(?:memory|fact|source|id|#)\s*:?\s*)?\d{1,3})*\s*$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex CitedNumbers();

    [GeneratedRegex(@"(?<first>\d{1,3})(?:\s*[-–]\s*(?<last>\d{1,3}))?")]
    private static partial Regex Range();

    [GeneratedRegex(@"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}")]
    private static partial Regex Id();
}
