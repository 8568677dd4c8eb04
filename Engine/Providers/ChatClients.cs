using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;

namespace Engram.Engine.Providers;

/// <summary>Composes the client of a tenant's model. Everything that happens to a call is here, from the outside in.</summary>
public sealed class ChatClients
{
    private readonly ProviderHttp _http;
    private readonly Breakers _breakers;
    private readonly ProviderTelemetry _telemetry;
    private readonly Action<LlmCall> _record;
    private readonly ProviderOptions _options;
    private readonly TimeProvider _time;

    /// <summary>Puts the parts together.</summary>
    /// <param name="http">The connections.</param>
    /// <param name="breakers">What failed lately.</param>
    /// <param name="telemetry">Span and instruments.</param>
    /// <param name="calls">Where every call is recorded.</param>
    /// <param name="options">Section <c>Engram:Providers</c>.</param>
    /// <param name="time">The clock of deadline, pauses and breaker.</param>
    public ChatClients(
        ProviderHttp http, Breakers breakers, ProviderTelemetry telemetry, LlmCallLog calls, IOptions<ProviderOptions> options, TimeProvider time)
        : this(http, breakers, telemetry, (calls ?? throw new ArgumentNullException(nameof(calls))).Record, options, time)
    {
    }

    internal ChatClients(
        ProviderHttp http, Breakers breakers, ProviderTelemetry telemetry, Action<LlmCall> record, IOptions<ProviderOptions> options, TimeProvider time) =>
        (_http, _breakers, _telemetry, _record, _options, _time) = (http, breakers, telemetry, record, options.Value, time);

    /// <summary>Makes a model ready to be called. Cheap: the connections are shared.</summary>
    /// <param name="connection">The tenant's provider.</param>
    /// <param name="model">The model, as the provider names it.</param>
    /// <param name="context">On whose behalf. Its deadline, or the configured one from now, bounds everything that is asked of the result.</param>
    public TenantChat Create(ProviderConnection connection, string model, LlmContext context)
    {
        var target = TargetOf(connection, model, context, _options.Deadline);
        var client = WireClients.NewChat(connection, model, _http); // the official SDK, over guarded connections
        client = new AttemptChatClient(client, target); // one attempt: hop llm-call, tokens; what goes wrong becomes a typed fault
        client = new RetryChatClient(client, target); // attempts, hop llm-wait
        client = new BreakerChatClient(client, target, _breakers); // per tenant and connection
        client = new DeadlineChatClient(client, target); // cancels all of the above in time
        client = new TelemetryChatClient(client, target, _telemetry); // span "chat {model}", metrics
        client = new RecordingChatClient(client, target, _record); // tokens, price, fault: one row per call
        return new TenantChat(client, target.Provider, model, connection.JsonSchema ?? connection.Entry.HoldsToJsonSchema(model))
        {
            Price = PriceTable.Find(target.Provider, model, connection.Prices),
        };
    }

    /// <summary>The same without retries and breaker: one attempt, told as it is, to test a connection. It is recorded like any other call.</summary>
    internal IChatClient CreateForTest(ProviderConnection connection, string model, LlmContext context, TimeSpan limit)
    {
        var target = TargetOf(connection, model, context, limit);
        var client = WireClients.NewChat(connection, model, _http);
        client = new AttemptChatClient(client, target);
        client = new DeadlineChatClient(client, target);
        client = new TelemetryChatClient(client, target, _telemetry);
        return new RecordingChatClient(client, target, _record);
    }

    /// <summary>
    /// Makes an embedding model of the tenant's provider ready to be called: guarded, bounded by the deadline, recorded, failing with
    /// <see cref="ProviderException"/> only. One attempt.
    /// </summary>
    /// <param name="connection">The tenant's provider, whose wire format is OpenAI's or Azure's.</param>
    /// <param name="model">The model, as the provider names it.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="dimensions">The length its vectors must have, from a model that has answered before; null for a first try, which goes past the breaker.</param>
    /// <returns>The generator, or null where the provider offers no embeddings.</returns>
    public IEmbeddingGenerator<string, Embedding<float>>? CreateEmbeddings(ProviderConnection connection, string model, LlmContext context, int? dimensions = null)
    {
        var target = TargetOf(connection, model, context, _options.Deadline);
        return connection.Entry.Capabilities.Embeddings
            ? new RecordingEmbeddingGenerator(WireClients.NewEmbeddings(connection, model, _http), target, dimensions is null ? null : _breakers, dimensions, _record)
            : null;
    }

    private CallTarget TargetOf(ProviderConnection connection, string model, LlmContext context, TimeSpan limit)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentException.ThrowIfNullOrWhiteSpace(model);
        ArgumentNullException.ThrowIfNull(context);
        return new CallTarget(connection, model, context, context.Deadline ?? _time.GetUtcNow() + limit, _options, _time);
    }
}
