using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using AiMessage = Microsoft.Extensions.AI.ChatMessage;
using AiResponseFormat = Microsoft.Extensions.AI.ChatResponseFormat;
using SdkFinishReason = OpenAI.Chat.ChatFinishReason;
using SdkMessage = OpenAI.Chat.ChatMessage;
using SdkResponseFormat = OpenAI.Chat.ChatResponseFormat;

namespace Engram.Engine.Providers;

/// <summary>
/// The official OpenAI SDK behind <see cref="IChatClient"/>, for every provider that speaks its chat completions. Text in, text or JSON out:
/// tools and images are not among what this product asks of a model, and are refused rather than dropped.
/// </summary>
internal sealed class OpenAiChatClient(ChatClient sdk, string model, ProviderConnection connection, HttpClient http) : IChatClient
{
    private const string DefaultSchemaName = "reply";

    private readonly ChatClientMetadata _metadata = new(connection.Entry.Id, connection.BaseUrl, model);

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<AiMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var completion = (await sdk.CompleteChatAsync(Map(messages, options), Map(options), cancellationToken)).Value;
        var message = new AiMessage(ChatRole.Assistant, string.Concat(completion.Content.Select(part => part.Text))) { MessageId = completion.Id };
        return new ChatResponse(message)
        {
            ResponseId = completion.Id,
            ModelId = completion.Model,
            CreatedAt = completion.CreatedAt,
            FinishReason = string.IsNullOrEmpty(completion.Refusal) ? Map(completion.FinishReason) : Microsoft.Extensions.AI.ChatFinishReason.ContentFilter,
            Usage = Map(completion.Usage),
        };
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<AiMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var chunk in sdk.CompleteChatStreamingAsync(Map(messages, options), Map(options), cancellationToken).WithCancellation(cancellationToken))
        {
            var update = new ChatResponseUpdate(ChatRole.Assistant, string.Concat(chunk.ContentUpdate.Select(part => part.Text)))
            {
                ResponseId = chunk.CompletionId,
                MessageId = chunk.CompletionId,
                ModelId = chunk.Model,
                CreatedAt = chunk.CreatedAt,
                FinishReason = chunk.FinishReason is { } reason ? Map(reason) : null,
            };
            if (Map(chunk.Usage) is { } usage)
            {
                update.Contents.Add(new UsageContent(usage));
            }

            yield return update;
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null) =>
        serviceKey is not null ? null
        : serviceType == typeof(ChatClientMetadata) ? _metadata
        : serviceType.IsInstanceOfType(this) ? this
        : serviceType.IsInstanceOfType(sdk) ? sdk
        : null;

    public void Dispose() => http.Dispose();

    private static IEnumerable<SdkMessage> Map(IEnumerable<AiMessage> messages, ChatOptions? options) =>
        options?.Instructions is { Length: > 0 } instructions
            ? messages.Select(Map).Prepend(new SystemChatMessage(instructions))
            : messages.Select(Map);

    private static SdkMessage Map(AiMessage message)
    {
        if (message.Contents.FirstOrDefault(content => content is not TextContent and not TextReasoningContent and not UsageContent) is { } other)
        {
            throw new NotSupportedException($"A message of a model call holds {other.GetType().Name}; only text is sent.");
        }

        return message.Role.Value switch
        {
            "system" => new SystemChatMessage(message.Text),
            "user" => new UserChatMessage(message.Text),
            "assistant" => new AssistantChatMessage(message.Text),
            var role => throw new NotSupportedException($"A message of a model call has the role {role}."),
        };
    }

    private ChatCompletionOptions Map(ChatOptions? options)
    {
        var mapped = new ChatCompletionOptions();
        if (options is null)
        {
            return mapped;
        }

        if (options.Tools is { Count: > 0 })
        {
            throw new NotSupportedException("Tools are not sent to models.");
        }

        mapped.Temperature = connection.Entry.TakesTemperature(model) ? options.Temperature : null;
        mapped.TopP = options.TopP;
        mapped.FrequencyPenalty = options.FrequencyPenalty;
        mapped.PresencePenalty = options.PresencePenalty;
        mapped.ResponseFormat = Map(options.ResponseFormat);
        foreach (var stop in options.StopSequences ?? [])
        {
            mapped.StopSequences.Add(stop);
        }

#pragma warning disable SCME0001, OPENAI001 // JsonPatch and seed: marked experimental by the SDK, whose version is pinned (2026-11-21).
        mapped.Seed = options.Seed;
        if (options.MaxOutputTokens is { } most)
        {
            if (connection.Entry.MaxCompletionTokens)
            {
                mapped.MaxOutputTokenCount = most;
            }
            else
            {
                mapped.Patch.Set("$.max_tokens"u8, most);
            }
        }
#pragma warning restore SCME0001, OPENAI001
        return mapped;
    }

    private static SdkResponseFormat? Map(AiResponseFormat? format) => format switch
    {
        ChatResponseFormatJson { Schema: { } schema } json => SdkResponseFormat.CreateJsonSchemaFormat(
            json.SchemaName ?? DefaultSchemaName,
            BinaryData.FromString(schema.GetRawText()),
            json.SchemaDescription,
            StrictSchema.Fits(schema) ? true : null),
        ChatResponseFormatJson => SdkResponseFormat.CreateJsonObjectFormat(),
        ChatResponseFormatText => SdkResponseFormat.CreateTextFormat(),
        _ => null,
    };

    private static UsageDetails? Map(ChatTokenUsage? usage) => usage is null ? null : new UsageDetails
    {
        InputTokenCount = usage.InputTokenCount,
        OutputTokenCount = usage.OutputTokenCount,
        TotalTokenCount = usage.TotalTokenCount,
        CachedInputTokenCount = usage.InputTokenDetails?.CachedTokenCount,
        ReasoningTokenCount = usage.OutputTokenDetails?.ReasoningTokenCount,
    };

    private static Microsoft.Extensions.AI.ChatFinishReason Map(SdkFinishReason reason) => reason switch
    {
        SdkFinishReason.Length => Microsoft.Extensions.AI.ChatFinishReason.Length,
        SdkFinishReason.ContentFilter => Microsoft.Extensions.AI.ChatFinishReason.ContentFilter,
        SdkFinishReason.ToolCalls or SdkFinishReason.FunctionCall => Microsoft.Extensions.AI.ChatFinishReason.ToolCalls,
        _ => Microsoft.Extensions.AI.ChatFinishReason.Stop,
    };
}
