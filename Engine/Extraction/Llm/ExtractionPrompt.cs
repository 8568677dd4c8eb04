using System.Globalization;
using System.Text.Json;
using Engram.Engine.Prompts;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Extraction.Llm;

/// <summary>What an extraction asks a model, and the shape of the reply.</summary>
internal static class ExtractionPrompt
{
    /// <summary>Part of the extractor's name: triples can be told by the prompt that made them.</summary>
    public const string Version = "extract.v1";

    /// <summary>Given to the provider. Every property is required and none is nullable: the least common denominator of the providers' strict modes.</summary>
    public static readonly JsonElement Schema = JsonElement.Parse(
        """
        {"type":"object","additionalProperties":false,"required":["triples"],"properties":{"triples":{"type":"array","items":{"type":"object","additionalProperties":false,
          "required":["subject","predicate","object","evidence","negated","cardinality","valid_from","valid_to","subject_kind","object_kind","confidence"],
          "properties":{
            "subject":{"type":"string"},"predicate":{"type":"string"},"object":{"type":"string"},
            "evidence":{"type":"string","description":"Copied from the text, character for character."},
            "negated":{"type":"boolean"},"cardinality":{"type":"string","enum":["many","one"]},
            "valid_from":{"type":"string"},"valid_to":{"type":"string"},
            "subject_kind":{"type":"string","enum":["other","person","place","organisation","date","number"]},
            "object_kind":{"type":"string","enum":["other","person","place","organisation","date","number"]},
            "confidence":{"type":"number"}}}}}}
        """);

    /// <summary>What the reply is checked against: only what a triple cannot do without.</summary>
    public static readonly JsonSchemaCheck Accepted = JsonSchemaCheck.Of(JsonElement.Parse(
        """
        {"type":"object","required":["triples"],"properties":{"triples":{"type":"array","items":{"type":"object","required":["subject","predicate","object","evidence"],
          "properties":{
            "subject":{"type":"string"},"predicate":{"type":"string"},"object":{"type":["string","number","boolean"]},"evidence":{"type":"string"},
            "negated":{"type":["boolean","null"]},"cardinality":{"type":["string","null"]},"valid_from":{"type":["string","null"]},"valid_to":{"type":["string","null"]},
            "subject_kind":{"type":["string","null"]},"object_kind":{"type":["string","null"]},"confidence":{"type":["number","null"]}}}}}}
        """));

    private static readonly string System = PromptFile.Read(Version);

    public static ChatMessage[] Messages(ExtractionInput input) =>
    [
        new(ChatRole.System, System),
        new(ChatRole.User, string.Create(
            CultureInfo.InvariantCulture,
            $"""
            Event time: {input.EventTime:yyyy-MM-dd HH:mm}, a {input.EventTime:dddd}
            Speaker: {Fence.Line(SpeakerOf(input))}
            Language: {(string.IsNullOrEmpty(input.Language) ? "und" : Fence.Line(input.Language, 20))}

            {Fence.Text(input.Text)}
            """)),
    ];

    public static string SpeakerOf(ExtractionInput input) => string.IsNullOrWhiteSpace(input.Speaker) ? "user" : input.Speaker;
}
