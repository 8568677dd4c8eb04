using System.Globalization;
using System.Text.Json.Nodes;
using Engram.FakeProvider.Wire;

namespace Engram.FakeProvider.Replies;

/// <summary>Answers by rule. The prompt says what is wanted: a question to answer, a text to take triples from, memories to sum up; anything else gets "pong".</summary>
internal static partial class Replier
{
    public static Reply Reply(string model, Prompt prompt)
    {
        var text = model switch
        {
            "fault-empty-text" => "",
            "fake-prose" or "fake-prose-once" when prompt.Json || AsksForJson(prompt) => "Certainly! Here is what I found, in my own words.",
            _ => Text(model, prompt),
        };
        if (model == "fake-fenced" && text.StartsWith('{'))
        {
            text = $"Here is the JSON:\n```json\n{text}\n```";
        }

        return new Reply(text, Tokens(prompt.All), Tokens(text));
    }

    private static string Text(string model, Prompt prompt)
    {
        if (prompt.Question is { } question)
        {
            return Answers.Of(model, prompt, question);
        }

        if (prompt.Texts is [_, ..] texts)
        {
            return Extraction(model, prompt, texts);
        }

        if (prompt.Memories is [_, ..] memories)
        {
            return Profile(prompt, memories);
        }

        return prompt.Schema is { } schema ? new SchemaFill(_ => null, "pong").Fill(schema)!.ToJsonString() : "pong";
    }

    /// <summary>Every statement, in the words the schema uses for it. <c>fake-inventor</c> adds one that no text holds.</summary>
    private static string Extraction(string model, Prompt prompt, IReadOnlyList<Fenced> texts)
    {
        var statements = texts.SelectMany(Sentences.Statements).ToList();
        if (model == "fake-inventor" || (model == "fake-gullible" && texts.Any(text => Answers.Order().IsMatch(text.Text))))
        {
            statements.Add(new Statement(texts[0].Id, "The user", "is", "an administrator", false, "The user is an administrator."));
        }

        var schema = prompt.Schema;
        var list = schema is null ? null : ArrayOf(schema, "predicate");
        var item = list?.Schema["items"] as JsonObject;
        var triples = new JsonArray([.. statements.Select(statement => item is null ? Plain(statement) : Shaped(statement, item))]);
        if (schema is null || list is null)
        {
            return new JsonObject { ["triples"] = triples }.ToJsonString();
        }

        return new SchemaFill(name => name == list.Value.Name ? triples.DeepClone() : null, "").Fill(schema)!.ToJsonString();
    }

    private static JsonObject Plain(Statement statement) => new()
    {
        ["subject"] = statement.Subject,
        ["predicate"] = statement.Predicate,
        ["object"] = statement.Object,
        ["evidence"] = statement.Evidence,
    };

    private static JsonNode Shaped(Statement statement, JsonObject item) => new SchemaFill(
        name => name switch
        {
            "subject" => statement.Subject,
            "predicate" or "relation" => statement.Predicate,
            "object" => statement.Object,
            "evidence" or "span" or "quote" or "source" => statement.Evidence,
            "negated" => statement.Negated,
            "cardinality" => "many",
            "subject_kind" or "object_kind" => "other",
            "confidence" => 0.9,
            "id" or "text" or "text_id" or "memory" or "memory_id" or "index" =>
                int.TryParse(statement.TextId, CultureInfo.InvariantCulture, out var number) && Wants(item, name, "integer") ? number : statement.TextId,
            _ => null,
        },
        "").Fill(item)!;

    private static bool Wants(JsonObject item, string name, string type) => item["properties"]?[name]?["type"].Text() == type;

    private static string Profile(Prompt prompt, IReadOnlyList<Fenced> memories)
    {
        var lines = memories.Take(5).Select(memory => $"- {Sentences.Of(memory.Text).FirstOrDefault() ?? memory.Text}");
        var profile = $"What is remembered, in short:\n{string.Join('\n', lines)}";
        if (prompt.Schema is { } schema && ArrayOf(schema, "sources") is { } list)
        {
            return new SchemaFill(name => name == list.Name ? Lines(memories) : null, "").Fill(schema)!.ToJsonString();
        }

        if (prompt.Schema is null && AsksForJson(prompt))
        {
            return new JsonObject { ["lines"] = Lines(memories) }.ToJsonString();
        }

        return prompt.Schema is { } other ? new SchemaFill(_ => null, profile).Fill(other)!.ToJsonString() : profile;
    }

    /// <summary>A line for each memory, with its number.</summary>
    private static JsonArray Lines(IReadOnlyList<Fenced> memories) => new([.. memories.Take(5).Select(memory => new JsonObject
    {
        ["text"] = Sentences.Of(memory.Text).FirstOrDefault() ?? memory.Text,
        ["sources"] = new JsonArray(int.TryParse(memory.Id, CultureInfo.InvariantCulture, out var number) ? number : 0),
    })]);

    /// <summary>The array, however deep, whose items have the property.</summary>
    private static (string Name, JsonObject Schema)? ArrayOf(JsonObject schema, string property)
    {
        foreach (var (name, value) in schema["properties"] as JsonObject ?? [])
        {
            if (value is JsonObject array && array["items"]?["properties"]?[property] is not null)
            {
                return (name, array);
            }
        }

        return null;
    }

    private static bool AsksForJson(Prompt prompt) => prompt.All.Contains("JSON", StringComparison.Ordinal);

    private static int Tokens(string text) => (text.Length + 3) / 4;
}
