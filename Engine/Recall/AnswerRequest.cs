using System.Text.Json;
using Engram.Engine.Buckets;
using Engram.Engine.Latency;
using Engram.Engine.Prompts;

namespace Engram.Engine.Recall;

/// <summary>The form a caller wants an answer's value in.</summary>
public sealed class ResponseShape
{
    private const int MaxBytes = 32_768;

    private ResponseShape(JsonElement schema, JsonSchemaCheck check) => (Schema, Check) = (schema, check);

    /// <summary>The JSON schema.</summary>
    public JsonElement Schema { get; }

    internal JsonSchemaCheck Check { get; }

    /// <summary>Reads a caller's schema.</summary>
    /// <param name="schema">A JSON schema.</param>
    /// <param name="field">The field it came in, for the refusal.</param>
    /// <exception cref="EngramException">It is not a schema this server enforces; the field names the path.</exception>
    public static ResponseShape Parse(JsonElement schema, string field)
    {
        if (schema.ValueKind != JsonValueKind.Object)
            throw EngramException.Invalid(field, $"{field} must be a JSON schema: an object.");
        if (schema.GetRawText().Length > MaxBytes)
            throw EngramException.TooLarge(field, $"{field} must have at most {MaxBytes} characters.");
        if (!JsonSchemaCheck.TryCreate(schema, out var check, out var errors))
            throw EngramException.Invalid(field + errors[0].Path[1..], $"{field}{errors[0].Path[1..]}: {errors[0].Message}");
        return new ResponseShape(schema.Clone(), check!);
    }
}

/// <summary>A question with what was retrieved for it.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Query">The question.</param>
/// <param name="Found">What was retrieved.</param>
/// <param name="Timer">Gets the hops <c>llm-call</c>, <c>llm-wait</c> and <c>embed</c>.</param>
public sealed record AnswerRequest(Tenant Tenant, string Query, RecallResult Found, OpTimer Timer)
{
    /// <summary>Operation label for the record of model calls.</summary>
    public required string Operation { get; init; }

    /// <summary>The key that asks.</summary>
    public Guid? KeyId { get; init; }

    /// <summary>Profiles of the buckets asked.</summary>
    public IReadOnlyList<BucketProfile> Profiles { get; init; } = [];

    /// <summary>Most tokens of the answer, or null for the configured number.</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The answer as a value as well.</summary>
    public bool AsJson { get; init; }

    /// <summary>The value's form, or null for the answer's own.</summary>
    public ResponseShape? Shape { get; init; }

    /// <summary>Whether a provider's failure is answered by quoting instead, with a warning.</summary>
    public bool FallBack { get; init; }

    /// <summary>The time the question is asked at, or null for now.</summary>
    public DateTimeOffset? AsOf { get; init; }
}

/// <summary>What an answer cost. Estimates are ours, <c>Actual</c> is what the provider counted.</summary>
/// <param name="ContextTokens">Estimated tokens of the memories, facts and profiles given to the model; of the memories found where no model was asked.</param>
/// <param name="InputTokens">Estimated tokens of the whole prompt; 0 where no model was asked.</param>
/// <param name="OutputTokens">Estimated tokens of the answer; 0 where no model was asked.</param>
/// <param name="ActualInputTokens">Tokens the provider says it read.</param>
/// <param name="ActualOutputTokens">Tokens the provider says it wrote.</param>
/// <param name="LlmCalls">Calls of a model.</param>
/// <param name="FirstTokenMs">Milliseconds from asking the model to the first token of a streamed answer, or null.</param>
/// <param name="Provider">Catalogue id of the provider, or null.</param>
/// <param name="Model">The model, or null: the answer is extractive.</param>
public sealed record AnswerUsage(
    int ContextTokens, int InputTokens, int OutputTokens, long ActualInputTokens, long ActualOutputTokens, int LlmCalls, double? FirstTokenMs, string? Provider, string? Model)
{
    /// <summary>US dollars, by the tenant's own price or the list price; null where neither is known, or no model was asked.</summary>
    public decimal? CostUsd { get; init; }
}

/// <summary>An answer with its cost.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Value">The answer in the caller's shape, or null.</param>
/// <param name="Usage">What it cost.</param>
/// <param name="Warnings">What the caller should know: removed citations, a fallback, a cut.</param>
public sealed record SynthesizedAnswer(Answer Answer, JsonElement? Value, AnswerUsage Usage, IReadOnlyList<string> Warnings);

/// <summary>A part of an answer on its way.</summary>
public abstract record AnswerPart;

/// <summary>The next piece of the text.</summary>
/// <param name="Text">Not empty. The pieces joined are the answer's text, unless it was withheld at the end: what <see cref="AnswerDone"/> holds counts.</param>
public sealed record AnswerDelta(string Text) : AnswerPart;

/// <summary>The end.</summary>
/// <param name="Result">The whole answer.</param>
public sealed record AnswerDone(SynthesizedAnswer Result) : AnswerPart;
