using System.ClientModel;
using System.ClientModel.Primitives;
using Anthropic;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;

namespace Engram.Engine.Providers;

/// <summary>
/// The official SDKs, over our connections. Their own retries, timeouts, traces and settings from the environment are off: one place
/// decides how often and how long a provider is called, and a tenant's call never borrows the operator's key.
/// </summary>
internal static class WireClients
{
    /// <summary>Anthropic wants a bound on every reply; the caller's own goes before this one.</summary>
    private const int AnthropicMaxTokens = 4096;

    /// <summary>The provider for whose replies the SDK is made.</summary>
    private const string OpenAi = "openai";

    /// <summary>The SDKs want a key; a server without keys ignores it.</summary>
    private const string NoKey = "none";

    /// <summary>The SDK sends its own time-out along, so that it has to be a time.</summary>
    private static readonly TimeSpan LongerThanAnyDeadline = TimeSpan.FromHours(1);

    public static IChatClient NewChat(ProviderConnection connection, string model, ProviderHttp http)
    {
        if (connection.Entry.WireFormat == WireFormat.Anthropic)
        {
            return new AnthropicClient
            {
                HttpClient = http.NewAnthropicClient(KeyOf(connection)),
                BaseUrl = connection.BaseUrl.AbsoluteUri.TrimEnd('/'),
                ApiKey = KeyOf(connection),
                MaxRetries = 0,
                Timeout = LongerThanAnyDeadline,
                OpenTelemetry = new() { Traces = false },
            }.AsIChatClient(model, AnthropicMaxTokens);
        }

        var client = http.NewClient(repair: connection.Entry is { WireFormat: WireFormat.OpenAi, Id: not OpenAi });
        return new OpenAiChatClient(new ChatClient(model, KeyFor(connection), SdkOptions(connection, model, client)), model, connection, client);
    }

    public static IEmbeddingGenerator<string, Embedding<float>> NewEmbeddings(ProviderConnection connection, string model, ProviderHttp http)
    {
        var client = http.NewClient(repair: false);
        return new OpenAiEmbeddingGenerator(
            new EmbeddingClient(model, KeyFor(connection), SdkOptions(connection, model, client)), model, connection, client);
    }

    private static ApiKeyCredential KeyFor(ProviderConnection connection) => new(KeyOf(connection));

    private static OpenAIClientOptions SdkOptions(ProviderConnection connection, string model, HttpClient client)
    {
        var options = new OpenAIClientOptions
        {
            Transport = new HttpClientPipelineTransport(client),
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
            EnableDistributedTracing = false,
            ClientLoggingOptions = new ClientLoggingOptions { EnableLogging = false },
            Endpoint = connection.BaseUrl,
        };
        if (connection.Entry.WireFormat == WireFormat.AzureOpenAi)
        {
            AzureWire.Apply(options, connection, model);
        }

        return options;
    }

    internal static string KeyOf(ProviderConnection connection) => connection.Key.IsEmpty ? NoKey : connection.Key.Reveal();
}
