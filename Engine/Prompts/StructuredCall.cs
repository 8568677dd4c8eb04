using System.Text.Json;
using Engram.Engine.Providers;
using Microsoft.Extensions.AI;

namespace Engram.Engine.Prompts;

/// <summary>Tokens and calls an operation cost.</summary>
internal sealed class LlmTally
{
    public long InputTokens { get; private set; }

    public long OutputTokens { get; private set; }

    public int Calls { get; private set; }

    public void Add(UsageDetails? usage)
    {
        Calls++;
        InputTokens += usage?.InputTokenCount ?? 0;
        OutputTokens += usage?.OutputTokenCount ?? 0;
    }
}

/// <summary>
/// Asks a model for JSON of a given shape. Where the provider holds replies to a schema it is given the schema; everywhere the reply is checked
/// here, and a reply that is wrong is sent back once with what is wrong about it.
/// </summary>
internal static class StructuredCall
{
    private const int LongestEcho = 8_000;

    /// <summary>Asks.</summary>
    /// <param name="chat">The tenant's model.</param>
    /// <param name="messages">System and user messages.</param>
    /// <param name="name">The schema's name for the provider, <c>[a-z_]+</c>.</param>
    /// <param name="asked">The schema given to the provider.</param>
    /// <param name="check">What is wrong with a reply; empty where nothing is.</param>
    /// <param name="maxOutputTokens">Most tokens of a reply.</param>
    /// <param name="tally">Gets what it cost.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="ProviderException">The provider failed, or its reply was wrong twice (<see cref="ProviderFaultKind.Malformed"/>).</exception>
    public static async Task<JsonElement> AskAsync(
        TenantChat chat, IReadOnlyList<ChatMessage> messages, string name, JsonElement asked, Func<JsonElement, IReadOnlyList<SchemaError>> check, int maxOutputTokens, LlmTally tally,
        CancellationToken cancellationToken)
    {
        var options = new ChatOptions
        {
            MaxOutputTokens = maxOutputTokens,
            Temperature = 0,
            ResponseFormat = chat.JsonSchema ? ChatResponseFormat.ForJsonSchema(asked, name) : null,
        };
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        var response = await chat.Client.GetResponseAsync(messages, options, cancellationToken);
        tally.Add(response.Usage);
        if (TryAccept(response.Text, check, out var value, out var error))
            return value;

        var reply = response.Text.Length > LongestEcho ? response.Text[..LongestEcho] : response.Text;
        ChatMessage[] again =
        [
            .. messages,
            new(ChatRole.Assistant, reply.Length == 0 ? "(empty)" : reply),
            new(ChatRole.User, $"That reply cannot be used. {error} Reply again: one JSON object of the shape asked for, and nothing else."),
        ];
        response = await chat.Client.GetResponseAsync(again, options, cancellationToken);
        tally.Add(response.Usage);
        if (TryAccept(response.Text, check, out value, out error))
            return value;
        throw new ProviderException(new ProviderFault(
            chat.Provider, chat.Model, ProviderFaultKind.Malformed, UpstreamStatus: null, System.Diagnostics.Stopwatch.GetElapsedTime(started).TotalMilliseconds, Attempts: 2,
            $"The model replied twice with something that is not the JSON asked for ({error}) Choose a model that follows a JSON schema, or one with a larger output limit."));
    }

    private static bool TryAccept(string reply, Func<JsonElement, IReadOnlyList<SchemaError>> check, out JsonElement value, out string error)
    {
        if (!JsonReply.TryRead(reply, out value, out error))
            return false;
        var errors = check(value);
        error = string.Join(" ", errors.Take(5).Select(e => $"{e.Path}: {e.Message}"));
        return errors.Count == 0;
    }
}
