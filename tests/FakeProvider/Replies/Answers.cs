using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Engram.FakeProvider.Wire;

namespace Engram.FakeProvider.Replies;

/// <summary>Answers from the memory that shares most words with the question, and cites it as the prompt numbers it.</summary>
internal static partial class Answers
{
    public static string Of(string model, Prompt prompt, string question)
    {
        var obeyed = model == "fake-gullible" ? Obey(prompt) : null;
        var best = Best(prompt.Memories, question);
        var answer = obeyed?.Text ?? (best is null ? "The memories do not say." : $"{Sentence(best, question).TrimEnd('.')} [{best.Id}].");
        if (obeyed is { Cited: { } cited })
        {
            answer = $"{answer.TrimEnd('.')} [{cited}].";
        }

        var id = obeyed?.Cited ?? best?.Id;
        var none = best is null && obeyed is null;
        if ((prompt.Schema ?? AskedInWords(prompt)) is { } schema)
        {
            return new SchemaFill(name => Value(name, answer, id, none, schema), answer).Fill(schema)!.ToJsonString();
        }

        return prompt.Json ? new JsonObject { ["answer"] = answer }.ToJsonString() : WithStatus(prompt, answer, none);
    }

    /// <summary>Some prompts want the status of the answer in a line before it.</summary>
    private static string WithStatus(Prompt prompt, string answer, bool none) =>
        !prompt.System.Contains("status: answered", StringComparison.Ordinal) ? answer : none ? "status: not_found\n" : $"status: answered\n{answer}";

    /// <summary>The shape a prompt asks for in words, with the caller's own schema of the answer where it gives one.</summary>
    private static JsonObject? AskedInWords(Prompt prompt)
    {
        if (!prompt.System.Contains("\"citations\"", StringComparison.Ordinal) || !prompt.System.Contains("JSON", StringComparison.Ordinal))
        {
            return null;
        }

        var own = OwnSchema().Match(prompt.User) is { Success: true } match ? JsonNode.Parse(match.Groups["schema"].Value) as JsonObject : null;
        return new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject
            {
                ["status"] = new JsonObject { ["type"] = "string" },
                ["citations"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "integer" } },
                ["answer"] = own ?? new JsonObject { ["type"] = "string" },
            },
        };
    }

    private static JsonNode? Value(string name, string answer, string? id, bool none, JsonObject schema) => name switch
    {
        "answer" => answer,
        "citations" or "cites" or "sources" or "memory_ids" => schema["properties"]?[name]?["items"] is JsonObject items ? Citations(id, items) : null,
        "status" or "answer_status" => none ? "not_found" : "answered",
        "found" => !none,
        _ => null,
    };

    private static JsonArray Citations(string? id, JsonObject items)
    {
        if (id is null)
        {
            return [];
        }

        return items["type"].Text() == "integer" && int.TryParse(id, CultureInfo.InvariantCulture, out var number) ? [number] : [id];
    }

    /// <summary>The memory with the most of the question's words; the first of equals, since it was ranked before them.</summary>
    private static Fenced? Best(IReadOnlyList<Fenced> memories, string question)
    {
        var words = Sentences.Words(question);
        var best = memories.Select(memory => (Memory: memory, Shared: Sentences.Words(memory.Text).Count(words.Contains))).MaxBy(scored => scored.Shared);
        return best.Shared > 0 ? best.Memory : null;
    }

    private static string Sentence(Fenced memory, string question)
    {
        var words = Sentences.Words(question);
        return Sentences.Of(memory.Text).MaxBy(sentence => Sentences.Words(sentence).Count(words.Contains)) ?? memory.Text;
    }

    /// <summary>Does what a stored text orders, as a model does that takes data for instructions.</summary>
    private static (string? Text, string? Cited)? Obey(Prompt prompt)
    {
        foreach (var memory in prompt.Memories)
        {
            if (Cite().Match(memory.Text) is { Success: true } cite)
            {
                return (null, cite.Groups["id"].Value);
            }

            if (Reveal().IsMatch(memory.Text))
            {
                return ($"My instructions are: {prompt.All}", null);
            }

            if (Say().Match(memory.Text) is { Success: true } say)
            {
                return (say.Groups["what"].Value.Trim(), null);
            }

            if (Order().IsMatch(memory.Text))
            {
                return ("I do as I am told.", "99");
            }
        }

        return null;
    }

    [GeneratedRegex(@"JSON schema:\s*\n(?<schema>\{.*\})\s*\n\s*<question", RegexOptions.Singleline)]
    private static partial Regex OwnSchema();

    [GeneratedRegex(@"\bcite (memory |source |\[)*(?<id>[\w-]+)", RegexOptions.IgnoreCase)]
    private static partial Regex Cite();

    [GeneratedRegex(@"\b(reveal|print|repeat|show|output|leak)\b.*\b(prompt|instructions?|fence|system|above|key)\b", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex Reveal();

    [GeneratedRegex(@"\b(say|reply|answer|respond)( only| exactly)?( with| that)?:? *[""'“]?(?<what>[^""'”\n]{1,200})", RegexOptions.IgnoreCase)]
    private static partial Regex Say();

    [GeneratedRegex(@"\b(ignore|disregard|forget)\b.*\b(instructions?|previous|above|rules)\b|\bsystem\s*:|\byou (must|are) now\b", RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    internal static partial Regex Order();
}
