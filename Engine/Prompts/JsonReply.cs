using System.Text.Json;

namespace Engram.Engine.Prompts;

/// <summary>Finds the JSON in a model's reply: models wrap it into a markdown fence or a sentence though they were told not to.</summary>
internal static class JsonReply
{
    private static readonly JsonDocumentOptions Options = new() { AllowTrailingCommas = true, MaxDepth = 64 };

    /// <summary>Reads the reply.</summary>
    /// <param name="reply">The model's text.</param>
    /// <param name="value">The value, detached from its document.</param>
    /// <param name="error">What is wrong, in words the model can act on.</param>
    public static bool TryRead(string reply, out JsonElement value, out string error)
    {
        value = default;
        error = "";
        if (string.IsNullOrWhiteSpace(reply))
        {
            error = "The reply was empty. Send one JSON object.";
            return false;
        }

        foreach (var candidate in Candidates(reply))
        {
            try
            {
                using var document = JsonDocument.Parse(candidate, Options);
                if (document.RootElement.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                {
                    value = document.RootElement.Clone();
                    return true;
                }

                error = "The reply was not a JSON object.";
            }
            catch (JsonException e)
            {
                // The parser's position, never its excerpt: this may be stored and shown.
                error = $"The reply was not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine}): it may have been cut off.";
            }
        }

        return false;
    }

    /// <summary>The whole, what a markdown fence holds, and what lies between the outermost braces.</summary>
    private static IEnumerable<string> Candidates(string reply)
    {
        var text = reply.Trim().TrimStart('\ufeff');
        yield return text;
        var fence = text.IndexOf("```", StringComparison.Ordinal);
        if (fence >= 0)
        {
            var start = text.IndexOf('\n', fence);
            var end = start < 0 ? -1 : text.IndexOf("```", start, StringComparison.Ordinal);
            if (start >= 0)
                yield return end < 0 ? text[start..] : text[start..end];
        }

        var first = text.AsSpan().IndexOfAny('{', '[');
        var last = text.AsSpan().LastIndexOfAny('}', ']');
        if (first >= 0 && last > first)
            yield return text[first..(last + 1)];
    }
}
