using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>How a test of a connection went.</summary>
/// <param name="Ok">Whether the model answered.</param>
/// <param name="LatencyMs">Milliseconds of the call.</param>
/// <param name="ModelFound">Whether the provider knows the model; null where the call did not get so far.</param>
/// <param name="AnsweredBy">The model's name as the provider gave it, or null.</param>
/// <param name="Fault">What went wrong, or null.</param>
/// <param name="ProviderWords">The provider's own words on it: on one line, trimmed, without the key. For the tenant's own eyes: not to be logged or stored.</param>
public sealed record ConnectionTestResult(bool Ok, double LatencyMs, bool? ModelFound, string? AnsweredBy, ProviderFault? Fault, string? ProviderWords);

/// <summary>Calls a connection once, cheaply, and tells how it went.</summary>
/// <param name="clients">Makes the client.</param>
/// <param name="time">The clock.</param>
public sealed class ConnectionTest(ChatClients clients, TimeProvider time)
{
    /// <summary>Reasoning models spend tokens before the first word; with fewer they answer nothing.</summary>
    private const int MaxTokens = 256;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>Asks the model for one word, or for the vector of one. One attempt, 15 s at most, past the breaker.</summary>
    /// <param name="connection">The connection, stored or not yet.</param>
    /// <param name="model">The model to ask.</param>
    /// <param name="context">On whose behalf. The role <see cref="ModelRole.Embed"/> asks for a vector.</param>
    /// <param name="cancellationToken">Cancels the test.</param>
    public async Task<ConnectionTestResult> RunAsync(
        ProviderConnection connection, string model, LlmContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(context);
        var started = time.GetTimestamp();
        try
        {
            var answeredBy = context.Role == ModelRole.Embed
                ? await EmbedAsync(connection, model, context, cancellationToken)
                : await AnswerAsync(connection, model, context, cancellationToken);
            return new ConnectionTestResult(true, time.GetElapsedTime(started).TotalMilliseconds, true, answeredBy, null, null);
        }
        catch (ProviderException e)
        {
            bool? found = e.Fault switch
            {
                { UpstreamStatus: 404 } => false,
                { Kind: ProviderFaultKind.Malformed, UpstreamStatus: 200 } => true,
                _ => null,
            };
            return new ConnectionTestResult(
                false, time.GetElapsedTime(started).TotalMilliseconds, found, null, e.Fault, ProviderWords.Of(e.InnerException, connection.Key));
        }
    }

    private async Task<string?> AnswerAsync(ProviderConnection connection, string model, LlmContext context, CancellationToken cancellationToken)
    {
        using var client = clients.CreateForTest(connection, model, context, Limit);
        var response = await client.GetResponseAsync("Reply with the single word: ready", new ChatOptions { MaxOutputTokens = MaxTokens }, cancellationToken);
        return response.ModelId;
    }

    private async Task<string?> EmbedAsync(ProviderConnection connection, string model, LlmContext context, CancellationToken cancellationToken)
    {
        using var generator = clients.CreateEmbeddings(connection, model, context with { Deadline = time.GetUtcNow() + Limit });
        return generator is null ? null : (await generator.GenerateAsync(["ready"], cancellationToken: cancellationToken))[0].ModelId;
    }
}
