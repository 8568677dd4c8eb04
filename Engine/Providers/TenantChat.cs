using Microsoft.Extensions.AI;

namespace Engram.Engine.Providers;

/// <summary>
/// The tenant's model for one role, ready to be called: its client counts usage and price, keeps the deadline, retries, and fails with
/// <see cref="ProviderException"/> only.
/// </summary>
/// <param name="Client">The composed client. Dispose it when the operation ends.</param>
/// <param name="Provider">Catalogue id.</param>
/// <param name="Model">The model it asks.</param>
/// <param name="JsonSchema">Whether the provider holds a reply to a JSON schema (<c>ChatResponseFormat.ForJsonSchema</c>); where not, ask in the prompt and parse strictly.</param>
public sealed record TenantChat(IChatClient Client, string Provider, string Model, bool JsonSchema) : IDisposable
{
    /// <summary>What its tokens cost: the tenant's own price, else the list price, else null.</summary>
    public ModelPrice? Price { get; init; }

    /// <inheritdoc/>
    public void Dispose() => Client.Dispose();
}
