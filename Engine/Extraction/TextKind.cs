using System.Text.Json;
using System.Text.RegularExpressions;

namespace Engram.Engine.Extraction;

/// <summary>
/// Recognises texts that agents store by mistake and that hold no facts about anybody: system prompts and tool dumps. Meant to be sure rather
/// than complete: several signs must come together, because a fact lost here is lost in silence, and one extracted too many is only noise.
/// </summary>
internal static partial class TextKind
{
    /// <summary>Instructions to an assistant.</summary>
    public const string SystemPrompt = "system_prompt";

    /// <summary>JSON, a stack trace, a log, markup.</summary>
    public const string ToolDump = "tool_dump";

    private const int ShortestDump = 80;
    private const double MostlyDump = 0.6;

    /// <summary>Why the text is not extracted, or null: it is.</summary>
    public static string? ReasonToSkip(string text)
    {
        if (IsSystemPrompt(text))
            return SystemPrompt;
        return IsDump(text) ? ToolDump : null;
    }

    private static bool IsSystemPrompt(string text)
    {
        var start = text.AsSpan(0, Math.Min(text.Length, 4000)).ToString();
        if (ChatMarkup().IsMatch(start))
            return true;
        var role = Role().IsMatch(start) ? 2 : 0;
        return role + Math.Min(3, Orders().Count(start)) >= 4;
    }

    private static bool IsDump(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.Length < ShortestDump)
            return false;
        if (IsJson(trimmed) || StackTrace().Count(trimmed) >= 3)
            return true;
        int dump = 0, all = 0, lines = 0;
        foreach (var line in trimmed.Split('\n'))
        {
            var bare = line.Trim();
            if (bare.Length == 0)
                continue;
            lines++;
            all += bare.Length;
            if (LogLine().IsMatch(bare) || FrameLine().IsMatch(bare) || MarkupLine().IsMatch(bare))
                dump += bare.Length;
        }

        return lines >= 3 && dump >= MostlyDump * all;
    }

    /// <summary>A whole document of more than one member; a list of a few sentences is not a dump.</summary>
    private static bool IsJson(string text)
    {
        if (text[0] is not ('{' or '['))
            return false;
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 128, AllowTrailingCommas = true });
            return document.RootElement.ValueKind == JsonValueKind.Object || document.RootElement.EnumerateArray().Any(e => e.ValueKind is not JsonValueKind.String);
        }
        catch (JsonException)
        {
            // Cut off, as tools do: two quoted names with values in a row are nobody's prose.
            return JsonMember().Count(text) >= 4;
        }
    }

    [GeneratedRegex(@"<\|im_start\|>\s*system|<\|start_header_id\|>\s*system|<<SYS>>|\[INST\]|^\s*(?:#+\s*)?system(?: prompt| message)\s*:?\s*\n?\s*you are", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex ChatMarkup();

    [GeneratedRegex(@"^\W*(?:system\s*:\s*)?(?:you are|you're|act as|du bist|eres|tu es|sei|você é)\s+(?:\p{Lu}[\p{L}\d-]*,\s+)?(?:(?:an?|the|un|una|une|ein|eine|um|uma)\s+)?(?:[\p{L}-]+\s+){0,6}(?:assistant|agent|model|chatbot|bot|AI|expert|assistent|asistente|assistente)\b", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Role();

    [GeneratedRegex(
        @"\b(?:you (?:must|should|will|can|have access to)|your (?:task|role|job|goal|output|response|answers?) (?:is|should|must)|do not (?:reveal|mention|make up|use|include)|never (?:reveal|mention|make up|use|ask)|always (?:respond|answer|reply|use|cite)|respond (?:only|in|with)|reply (?:only|in|with)|when the user|if the user|follow (?:these|the) (?:rules|instructions|guidelines)|use the following (?:tools?|format|context)|the following tools|output format|json schema)\b|^\s*#+\s*(?:instructions|rules|guidelines|tools|constraints)\b",
        RegexOptions.IgnoreCase | RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Orders();

    [GeneratedRegex(@"^\s*(?:at [\w.$<>+`\[\],]+\(.*\)|File "".+"", line \d+|\S+\.(?:js|ts|py|rb|go|java|cs):\d+|Traceback \(most recent call last\)|Caused by: [\w.$]+|goroutine \d+ \[)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex StackTrace();

    [GeneratedRegex(@"^(?:\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d|\d\d:\d\d:\d\d[.,]\d+|\[\d{1,2}/\w{3}/\d{4}|(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL|trce|dbug|info|warn|fail|crit)\b\s*[:\[(-]|\w{3} +\d+ \d\d:\d\d:\d\d )", RegexOptions.CultureInvariant)]
    private static partial Regex LogLine();

    [GeneratedRegex(@"^(?:at [\w.$<>+`\[\],]+\(.*\)|File "".+"", line \d+|\S+:\d+:\d+\)?|[-+]{3} [ab]/|@@ -\d+|[{}\[\]],?$|""[^""]+""\s*:\s*\S)", RegexOptions.CultureInvariant)]
    private static partial Regex FrameLine();

    [GeneratedRegex(@"^</?[a-zA-Z!?][^>]*>", RegexOptions.CultureInvariant)]
    private static partial Regex MarkupLine();

    [GeneratedRegex(@"""[\w .-]+""\s*:\s*(?:""|\d|\[|\{|true|false|null)", RegexOptions.CultureInvariant)]
    private static partial Regex JsonMember();
}
