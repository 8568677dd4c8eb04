using System.Text.Json.Serialization;

namespace Engram.Engine.Providers;

/// <summary>How a provider is spoken to.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WireFormat>))]
public enum WireFormat
{
    /// <summary>Chat completions as OpenAI defined them, with a bearer token. Most providers and local model servers speak it.</summary>
    [JsonStringEnumMemberName("openai")]
    OpenAi,

    /// <summary>The messages API of Anthropic.</summary>
    [JsonStringEnumMemberName("anthropic")]
    Anthropic,

    /// <summary>Chat completions below a deployment's URL, with the key in the header <c>api-key</c>.</summary>
    [JsonStringEnumMemberName("azure-openai")]
    AzureOpenAi,
}

/// <summary>What a provider can do.</summary>
/// <param name="JsonSchema">It holds a reply to a JSON schema sent with the request.</param>
/// <param name="Streaming">It streams replies.</param>
/// <param name="Embeddings">It offers embeddings over the same wire format.</param>
public sealed record ProviderCapabilities(bool JsonSchema, bool Streaming, bool Embeddings);

/// <summary>Models that suit the roles, as suggestions: a tenant may name any other.</summary>
/// <param name="Extract">For turning memories into triples: small and cheap.</param>
/// <param name="Synthesize">For answering.</param>
/// <param name="Profile">For writing profiles.</param>
public sealed record SuggestedModels(string Extract, string Synthesize, string Profile)
{
    /// <summary>For vectors, or null where the provider offers none or only the tenant can know.</summary>
    public string? Embed { get; init; }

    /// <summary>The suggestion for one role, or null.</summary>
    /// <param name="role">What the model is for.</param>
    public string? For(ModelRole role) => role switch
    {
        ModelRole.Extract => Extract,
        ModelRole.Synthesize => Synthesize,
        ModelRole.Embed => Embed,
        _ => Profile,
    };
}

/// <summary>One provider of the catalogue.</summary>
/// <param name="Id">Its name on the wire, such as <c>openai</c>: lower case, never changed once published.</param>
/// <param name="DisplayName">Its name for people.</param>
/// <param name="WireFormat">How it is spoken to.</param>
/// <param name="BaseUrl">Where it answers, or null where the tenant must say (Azure, local and self-hosted servers).</param>
/// <param name="KeyRequired">Whether it wants a key. A local model server usually wants none.</param>
/// <param name="Capabilities">What it can do.</param>
/// <param name="SuggestedModels">Models by role, or null where only the tenant can know them.</param>
/// <param name="Note">What a person should know when setting it up, or null.</param>
public sealed record ProviderEntry(
    string Id,
    string DisplayName,
    WireFormat WireFormat,
    Uri? BaseUrl,
    bool KeyRequired,
    ProviderCapabilities Capabilities,
    SuggestedModels? SuggestedModels = null,
    string? Note = null)
{
    /// <summary>A URL of the form the tenant has to give, where <see cref="BaseUrl"/> is null.</summary>
    public string? BaseUrlExample { get; init; }

    /// <summary>Beginnings of the names of models that do not take a JSON schema although the provider offers it.</summary>
    public IReadOnlyList<string> WithoutJsonSchema { get; init; } = [];

    /// <summary>Beginnings of the names of models that refuse a temperature: it is not sent to them.</summary>
    public IReadOnlyList<string> FixedTemperature { get; init; } = [];

    /// <summary>
    /// Whether the bound on the reply goes by its newer name <c>max_completion_tokens</c>. OpenAI's reasoning models know only that one, most
    /// compatible servers only the older <c>max_tokens</c>.
    /// </summary>
    public bool MaxCompletionTokens { get; init; }

    /// <summary>The most texts of one call for embeddings.</summary>
    public int EmbeddingBatch { get; init; } = 64;

    /// <summary>Whether <paramref name="model"/> holds its reply to a JSON schema.</summary>
    /// <param name="model">The model as the provider names it.</param>
    public bool HoldsToJsonSchema(string model) =>
        Capabilities.JsonSchema && !BeginsWithAny(model, WithoutJsonSchema);

    internal bool TakesTemperature(string model) => !BeginsWithAny(model, FixedTemperature);

    private static bool BeginsWithAny(string model, IReadOnlyList<string> beginnings) =>
        beginnings.Any(beginning => model.StartsWith(beginning, StringComparison.OrdinalIgnoreCase));
}
