using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Engram.Engine.Embeddings;
using Engram.Engine.Prompts;
using Engram.Engine.Providers;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Recall;

/// <summary>
/// Answers with the tenant's own model, from what was retrieved and nothing else; by quoting where the tenant has none. What the model says is not
/// believed: a citation of anything that was not given to it is removed, and an answer that cites nothing is withheld.
/// </summary>
public sealed class Synthesis
{
    private const string Version = "answer.v1";

    private static readonly string Prose = PromptFile.Read(Version);
    private static readonly string Json = PromptFile.Read("answer-json.v1");

    private readonly Func<LlmContext, CancellationToken, ValueTask<TenantChat?>> _models;
    private readonly ExtractiveAnswer _extractive;
    private readonly SynthesisOptions _options;
    private readonly TimeProvider _time;

    /// <summary>Puts the parts together.</summary>
    /// <param name="models">The tenants' models.</param>
    /// <param name="extractive">Answers where there is no model.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">The clock.</param>
    public Synthesis(TenantModels models, ExtractiveAnswer extractive, IOptions<SynthesisOptions> options, TimeProvider time)
        : this((models ?? throw new ArgumentNullException(nameof(models))).ForAsync, extractive, options, time)
    {
    }

    internal Synthesis(Func<LlmContext, CancellationToken, ValueTask<TenantChat?>> models, ExtractiveAnswer extractive, IOptions<SynthesisOptions> options, TimeProvider time) =>
        (_models, _extractive, _options, _time) = (models, extractive, options.Value, time);

    /// <summary>Answers at once.</summary>
    /// <param name="request">The question with what was retrieved.</param>
    /// <param name="cancellationToken">Cancels the model's call.</param>
    /// <exception cref="ProviderException">The provider failed, and the caller did not ask for a fallback.</exception>
    /// <exception cref="EngramException">The budget is used up, and the caller did not ask for a fallback.</exception>
    public async Task<SynthesizedAnswer> AnswerAsync(AnswerRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        AnswerDone? done = null;
        await foreach (var part in RunAsync(request, stream: false, cancellationToken))
            done = part as AnswerDone ?? done;
        return done!.Result;
    }

    /// <summary>Answers piece by piece as the model writes; the last part is the whole.</summary>
    /// <param name="request">The question with what was retrieved.</param>
    /// <param name="cancellationToken">Cancels the model's call.</param>
    /// <exception cref="ProviderException">The provider failed, and the caller did not ask for a fallback.</exception>
    /// <exception cref="EngramException">The budget is used up, and the caller did not ask for a fallback.</exception>
    public IAsyncEnumerable<AnswerPart> StreamAsync(AnswerRequest request, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        return RunAsync(request, stream: true, cancellationToken);
    }

    private async IAsyncEnumerable<AnswerPart> RunAsync(AnswerRequest request, bool stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var parts = PartsAsync(request, stream, cancellationToken).GetAsyncEnumerator(cancellationToken);
        for (var sent = false; ;)
        {
            AnswerPart? part = null;
            string? failure = null;
            try
            {
                part = await parts.MoveNextAsync() ? parts.Current : null;
            }
            catch (ProviderException e) when (request.FallBack)
            {
                failure = $"{e.Fault.Provider} ({e.Fault.Model}) failed: {ProviderFaultKinds.NameOf(e.Fault.Kind)}. {e.Fault.Hint}";
            }
            catch (EngramException e) when (request.FallBack && (e.Kind is FailureKind.QuotaExceeded or FailureKind.NotReady))
            {
                failure = e.Message;
            }

            if (failure is not null)
            {
                await foreach (var quoted in QuotedAsync(request, [$"{failure} The answer quotes memories instead.{(sent ? " What was streamed before is not the answer." : "")}"], stream && !sent, cancellationToken))
                    yield return quoted;
                yield break;
            }

            if (part is null)
                yield break;
            sent |= part is AnswerDelta;
            yield return part;
        }
    }

    private async IAsyncEnumerable<AnswerPart> PartsAsync(AnswerRequest request, bool stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Nothing found is not found, whatever a model would make of it.
        var empty = request.Found.Hits.Count == 0 && request.Found.GraphFacts.Count == 0;
        using var chat = empty ? null : await _models(ContextOf(request), cancellationToken);
        if (chat is null)
        {
            string[] warnings = request.Shape is null || empty ? [] : ["options.response_schema: needs a provider for synthesis; answer_json has the form of the extractive answer."];
            await foreach (var quoted in QuotedAsync(request, warnings, stream, cancellationToken))
                yield return quoted;
            yield break;
        }

        var run = new SynthesisRun(request, chat, ContextPack.Build(request.Query, request.Found, request.Profiles, _options.ContextTokens), _options);
        if (request.AsJson)
        {
            var answer = await AnswerJsonAsync(run, cancellationToken);
            if (stream && answer.Answer.Text.Length > 0)
                yield return new AnswerDelta(answer.Answer.Text);
            yield return new AnswerDone(answer);
            yield break;
        }

        var reader = new AnswerReader(run.Pack.MemoryOf);
        ChatMessage[] messages = [new(ChatRole.System, Prose), new(ChatRole.User, UserMessage(run, ""))];
        if (stream)
        {
            await foreach (var update in chat.Client.GetStreamingResponseAsync(messages, run.Options, cancellationToken))
            {
                run.Note(update);
                if (reader.Push(update.Text) is { Length: > 0 } piece)
                    yield return new AnswerDelta(piece);
            }

            run.NoteStreamed();
        }
        else
        {
            var response = await chat.Client.GetResponseAsync(messages, run.Options, cancellationToken);
            run.Note(response);
            reader.Push(response.Text);
        }

        if (reader.Finish() is { Length: > 0 } rest && stream)
            yield return new AnswerDelta(rest);
        var result = run.Finish(reader);
        if (stream && reader.Text.Length == 0)
            yield return new AnswerDelta(result.Answer.Text);
        yield return new AnswerDone(result);
    }

    private async Task<SynthesizedAnswer> AnswerJsonAsync(SynthesisRun run, CancellationToken cancellationToken)
    {
        var form = run.Request.Shape is { } shape ? $"\n\"answer\" is a value of this JSON schema:\n{shape.Schema.GetRawText()}\n" : "\n\"answer\" is a string, with the ids it rests on in square brackets: [1].\n";
        ChatMessage[] messages = [new(ChatRole.System, Json), new(ChatRole.User, UserMessage(run, form))];
        var reply = await StructuredCall.AskAsync(
            run.Chat, messages, "answer", AnswerEnvelope.SchemaFor(run.Request.Shape), value => AnswerEnvelope.Check(value, run.Request.Shape), run.MaxOutputTokens, run.Tally, cancellationToken);
        return run.Finish(AnswerEnvelope.Read(reply, run.Pack, run.Request.Shape), reply);
    }

    /// <summary>The question last, as near to the answer as can be. The form asked for is the caller's own and stands outside the data.</summary>
    private string UserMessage(SynthesisRun run, string form) => string.Create(
        CultureInfo.InvariantCulture,
        $"Today is {(run.Request.AsOf ?? _time.GetUtcNow()).UtcDateTime:yyyy-MM-dd, dddd}.\n\n{run.Pack.Text}{form}\n{Fence.Question(run.Request.Query)}");

    private static LlmContext ContextOf(AnswerRequest request)
    {
        var buckets = request.Found.Hits.Select(h => h.Memory.BucketId).Distinct().Take(2).ToArray();
        return new LlmContext(request.Tenant, request.Timer.RequestId, request.Operation, ModelRole.Synthesize)
        {
            KeyId = request.KeyId,
            BucketId = buckets.Length == 1 ? buckets[0] : null,
            Timer = request.Timer,
        };
    }

    /// <summary>The answer without a model, sentence by sentence where it is streamed.</summary>
    private async IAsyncEnumerable<AnswerPart> QuotedAsync(
        AnswerRequest request, IReadOnlyList<string> warnings, bool stream, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var answer = await _extractive.ComposeAsync(request.Query, request.Found, request.Timer, cancellationToken);
        if (request.MaxTokens is { } most)
            answer = Shorten(answer, most);
        if (stream)
        {
            var pieces = TextChunker.Sentences(answer.Text).ToArray();
            var at = 0;
            foreach (var piece in pieces)
            {
                // With the white space before it: the pieces joined are the answer.
                var end = answer.Text.IndexOf(piece, at, StringComparison.Ordinal) + piece.Length;
                yield return new AnswerDelta(answer.Text[at..end]);
                at = end;
            }
        }

        var context = request.Found.Hits.Sum(hit => hit.Memory.TokenCount);
        yield return new AnswerDone(new SynthesizedAnswer(answer, Value: null, new AnswerUsage(context, 0, 0, 0, 0, 0, null, null, null), warnings));
    }

    /// <summary>As many quotes as fit, but always the best one.</summary>
    private static Answer Shorten(Answer answer, int maxTokens)
    {
        if (answer.Citations.Count < 2 || answer.Status == AnswerStatus.Conflicting)
            return answer;
        var left = maxTokens - TokenEstimate.Of(answer.Citations[0].Quote);
        var kept = answer.Citations.Skip(1).TakeWhile(c => (left -= TokenEstimate.Of(c.Quote)) >= 0).Prepend(answer.Citations[0]).ToArray();
        return kept.Length == answer.Citations.Count ? answer : answer with { Text = ExtractiveAnswer.Text(kept), Citations = kept };
    }
}

/// <summary>The shape in which an answer comes as JSON: its status and citations around the value asked for.</summary>
internal static class AnswerEnvelope
{
    private static readonly JsonSchemaCheck Frame = JsonSchemaCheck.Of(JsonElement.Parse(
        """
        {"type":"object","required":["status","answer"],"properties":{"status":{"enum":["answered","partial","not_found","conflicting"]},
          "citations":{"type":"array","items":{"type":["integer","string"]}}}}
        """));

    public static JsonElement SchemaFor(ResponseShape? shape)
    {
        var answer = shape is null ? new JsonObject { ["type"] = "string" } : JsonNode.Parse(shape.Schema.GetRawText())!.AsObject();
        var envelope = JsonNode.Parse(
            """
            {"type":"object","additionalProperties":false,"required":["status","citations","answer"],"properties":{
              "status":{"type":"string","enum":["answered","partial","not_found","conflicting"]},"citations":{"type":"array","items":{"type":"integer"}}}}
            """)!.AsObject();
        // References count from the root of the whole.
        foreach (var definitions in new[] { "$defs", "definitions" })
        {
            if (answer.Remove(definitions, out var node))
                envelope[definitions] = node;
        }

        answer.Remove("$schema");
        answer.Remove("$id");
        envelope["properties"]!["answer"] = answer;
        return JsonElement.Parse(envelope.ToJsonString());
    }

    public static IReadOnlyList<SchemaError> Check(JsonElement reply, ResponseShape? shape)
    {
        var errors = Frame.Check(reply);
        if (errors.Count > 0 || StatusOf(reply) == AnswerStatus.NotFound)
            return errors;
        var answer = reply.GetProperty("answer");
        if (shape is not null)
            return [.. shape.Check.Check(answer).Select(e => e with { Path = "$.answer" + e.Path[1..] })];
        return answer.ValueKind == JsonValueKind.String ? [] : [new("$.answer", "Must be string.")];
    }

    /// <summary>Text, status and citations as a prose answer has them.</summary>
    public static AnswerReader Read(JsonElement reply, ContextPack pack, ResponseShape? shape)
    {
        var reader = new AnswerReader(pack.MemoryOf);
        var answer = reply.GetProperty("answer");
        var text = shape is null && answer.ValueKind == JsonValueKind.String ? answer.GetString()! : "";
        reader.Push($"status: {reply.GetProperty("status").GetString()}\n{text}");
        reader.Finish();
        return reader;
    }

    /// <summary>Numbers of the citations list.</summary>
    public static IEnumerable<int?> CitationsOf(JsonElement reply) => reply.TryGetProperty("citations", out var list) && list.ValueKind == JsonValueKind.Array
        ? list.EnumerateArray().Select(c => c.ValueKind == JsonValueKind.Number
            ? (int?)(c.TryGetInt32(out var number) ? number : null)
            : int.TryParse(c.GetString()?.Trim('[', ']', ' '), CultureInfo.InvariantCulture, out var written) ? written : null)
        : [];

    private static AnswerStatus? StatusOf(JsonElement reply) => reply.GetProperty("status").GetString() == "not_found" ? AnswerStatus.NotFound : null;
}
