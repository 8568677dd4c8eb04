using System.Text.Json;
using System.Text.RegularExpressions;
using Engram.Engine.Prompts;
using Engram.Engine.Providers;
using Engram.Engine.Recall;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Buckets;

/// <summary>
/// Has a model write a profile, and keeps of it what its sources bear out: a line stays only if what it cites was given, every name and number in it
/// stands there, and so does most of the rest.
/// </summary>
internal static partial class ProfileWriter
{
    /// <summary>Part of the profile's source: profiles can be told by the prompt that made them.</summary>
    public const string Version = "profile.v1";

    private const int MaxOutputTokens = 1_500;
    private const int MaxLines = 16;
    private const int LongestLine = 400;
    private const double KnownShare = 0.5;

    private static readonly string System = PromptFile.Read(Version);

    private static readonly JsonElement Schema = JsonElement.Parse(
        """
        {"type":"object","additionalProperties":false,"required":["lines"],"properties":{"lines":{"type":"array","items":{"type":"object","additionalProperties":false,
          "required":["text","sources"],"properties":{"text":{"type":"string"},"sources":{"type":"array","items":{"type":"integer"}}}}}}}
        """);

    private static readonly JsonSchemaCheck Accepted = JsonSchemaCheck.Of(JsonElement.Parse(
        """
        {"type":"object","required":["lines"],"properties":{"lines":{"type":"array","items":{"type":"object","required":["text","sources"],
          "properties":{"text":{"type":"string"},"sources":{"type":"array","items":{"type":["integer","string"]}}}}}}}
        """));

    /// <summary>The profile, one line per entity; empty where nothing the model said is borne out.</summary>
    /// <exception cref="ProviderException">The provider failed, or its reply was no use twice.</exception>
    public static async Task<string> WriteAsync(TenantChat chat, ProfileMaterial material, CancellationToken cancellationToken)
    {
        ChatMessage[] messages = [new(ChatRole.System, System), new(ChatRole.User, material.Fenced())];
        var reply = await StructuredCall.AskAsync(chat, messages, "profile", Schema, Accepted.Check, MaxOutputTokens, new LlmTally(), cancellationToken);
        return Verify(reply, material.Sources);
    }

    /// <summary>Keeps of a reply what its sources say.</summary>
    internal static string Verify(JsonElement reply, IReadOnlyList<string> sources)
    {
        var lines = new List<string>();
        foreach (var line in reply.GetProperty("lines").EnumerateArray())
        {
            var text = Citation().Replace(Breaks().Replace(line.GetProperty("text").GetString()!, " "), "").Trim().TrimStart('-', '*', ' ');
            var cited = Numbers(line.GetProperty("sources")).Where(n => n >= 1 && n <= sources.Count).Select(n => sources[n - 1]).ToArray();
            if (text.Length is > 0 and <= LongestLine && cited.Length > 0 && IsBorneOut(text, string.Join('\n', cited)) && !lines.Contains(text) && lines.Count < MaxLines)
                lines.Add(text);
        }

        return string.Join('\n', lines);
    }

    private static IEnumerable<int> Numbers(JsonElement sources) => sources.EnumerateArray().Select(s =>
        s.ValueKind == JsonValueKind.Number ? (s.TryGetInt32(out var number) ? number : 0)
        : int.TryParse(s.GetString()?.Trim('[', ']', ' '), global::System.Globalization.CultureInfo.InvariantCulture, out var written) ? written : 0);

    private static bool IsBorneOut(string text, string cited)
    {
        var stems = GraphArm.Stems(cited);
        int words = 0, known = 0;
        foreach (var word in QueryEntities.Words(text))
        {
            if (QueryEntities.IsStop(word.ToLowerInvariant()))
                continue;
            var said = cited.Contains(word, StringComparison.OrdinalIgnoreCase) || GraphArm.Stems(word).Any(stems.Contains) || IsSaidInPieces(word, cited);
            // A name or a number that the sources do not hold is invented, whatever else the line says.
            if (!said && (char.IsUpper(word[0]) || word.Any(char.IsDigit)))
                return false;
            words++;
            known += said ? 1 : 0;
        }

        return words > 0 && known >= KnownShare * words;
    }

    /// <summary>A script without spaces makes one word of a sentence: there two characters at a time are compared.</summary>
    private static bool IsSaidInPieces(string word, string cited)
    {
        if (word.Length < 2 || word[0] < '\u0e00')
            return false;
        var pairs = Enumerable.Range(0, word.Length - 1).Count(i => cited.Contains(word.Substring(i, 2), StringComparison.Ordinal));
        return pairs >= KnownShare * (word.Length - 1);
    }

    [GeneratedRegex(@"\s*[\[【]\s*(?:fact|memory|#)?\s*\d{1,3}(?:\s*[,;-]\s*\d{1,3})*\s*[\]】]", RegexOptions.IgnoreCase)]
    private static partial Regex Citation();

    [GeneratedRegex(@"[\s\p{Cc}]+")]
    private static partial Regex Breaks();
}
