using System.Text.RegularExpressions;

namespace Engram.Portal.Components.Lab;

/// <summary>A piece of an answer: words, or the number of what they rest on.</summary>
/// <param name="Number">From 1, by first mention; null for words.</param>
public sealed record AnswerPiece(string Text, int? Number, string? MemoryId);

/// <summary>Turns the ids in an answer into numbers that can be followed.</summary>
public static partial class AnswerText
{
    public static IReadOnlyList<AnswerPiece> Split(string answer)
    {
        var pieces = new List<AnswerPiece>();
        var numbers = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var end = 0;
        foreach (Match match in IdPattern().Matches(answer))
        {
            if (match.Index > end)
            {
                pieces.Add(new AnswerPiece(answer[end..match.Index], null, null));
            }
            end = match.Index + match.Length;
            foreach (Match id in Single().Matches(match.Value))
            {
                if (!numbers.TryGetValue(id.Value, out var number))
                {
                    numbers[id.Value] = number = numbers.Count + 1;
                }
                pieces.Add(new AnswerPiece($"[{number}]", number, id.Value));
            }
        }
        if (end < answer.Length)
        {
            pieces.Add(new AnswerPiece(answer[end..], null, null));
        }
        return pieces;
    }

    [GeneratedRegex(@"\[[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}(?:\s*[,;]\s*[0-9a-fA-F]{8}-[0-9a-fA-F-]{27})*\]")]
    private static partial Regex IdPattern();

    [GeneratedRegex("[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}")]
    private static partial Regex Single();
}
