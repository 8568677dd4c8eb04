using System.Globalization;

namespace Engram.Engine.Providers;

/// <summary>Asks an embedding model once, before a tenant relies on it: whether it answers, and how long its vectors are.</summary>
/// <param name="clients">Makes the client.</param>
/// <param name="time">The clock.</param>
public sealed class EmbeddingProbe(ChatClients clients, TimeProvider time)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <summary>Embeds one word. One attempt, 15 s at most, past the breaker; recorded like any other call.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="model">The model, as the provider names it.</param>
    /// <param name="context">On whose behalf.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="EngramException">
    /// The provider offers no embeddings (field <c>connection_id</c>), or the model gave none that can be used (field <c>model</c>), with what the provider said of it.
    /// </exception>
    public async Task<VectorSpace> AskAsync(ProviderConnection connection, string model, LlmContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(context);
        using var generator = clients.CreateEmbeddings(connection, model, context with { Deadline = time.GetUtcNow() + Limit })
            ?? throw EngramException.Invalid("connection_id", $"{connection.Entry.DisplayName} offers no embeddings. Name a connection to a provider that does: GET /account/providers/catalogue says which.");
        int dimensions;
        try
        {
            dimensions = (await generator.GenerateAsync(["ready"], cancellationToken: cancellationToken))[0].Vector.Length;
        }
        catch (ProviderException e)
        {
            var words = ProviderWords.Of(e.InnerException, connection.Key);
            throw EngramException.Invalid(
                "model", $"{ProviderFaultWords.Sentence(e.Fault)} {e.Fault.Hint}{(words is null ? "" : $" It said: {words}")}");
        }

        return dimensions <= VectorSpace.MaxDimensions
            ? VectorSpace.Of(connection, model, dimensions)
            : throw EngramException.Invalid(
                "model",
                string.Create(CultureInfo.InvariantCulture, $"Its vectors have {dimensions} dimensions, and {VectorSpace.MaxDimensions} is the most that can be indexed. Choose a smaller model."));
    }
}
