using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Engram.Engine.Embeddings;
using Engram.Engine.Providers;

namespace Engram.Api.Account;

/// <summary>US dollars per million tokens.</summary>
public sealed record PriceView
{
    [Description("For tokens read, in US dollars per million."), Range(0.0, 1_000_000.0)]
    public required decimal Input { get; init; }

    [Description("For tokens written, in US dollars per million."), Range(0.0, 1_000_000.0)]
    public required decimal Output { get; init; }

    public static Dictionary<string, PriceView>? From(IReadOnlyDictionary<string, ModelPrice>? prices) =>
        prices?.ToDictionary(price => price.Key, price => new PriceView { Input = price.Value.InputPerMillion, Output = price.Value.OutputPerMillion });
}

public sealed record CapabilitiesView(bool JsonSchema, bool Streaming, bool Embeddings);

/// <summary>A model that suits a role, with its list price where one is known.</summary>
public sealed record SuggestedModelView(string Role, string Model, PriceView? Price);

/// <summary>A provider that is known by name.</summary>
public sealed record CatalogueEntryView(
    string Id,
    string DisplayName,
    WireFormat WireFormat,
    string? BaseUrl,
    string? BaseUrlExample,
    bool KeyRequired,
    CapabilitiesView Capabilities,
    IReadOnlyList<SuggestedModelView> SuggestedModels,
    string? Note)
{
    public static CatalogueEntryView From(ProviderEntry entry) => new(
        entry.Id,
        entry.DisplayName,
        entry.WireFormat,
        entry.BaseUrl?.ToString(),
        entry.BaseUrlExample,
        entry.KeyRequired,
        new CapabilitiesView(entry.Capabilities.JsonSchema, entry.Capabilities.Streaming, entry.Capabilities.Embeddings),
        entry.SuggestedModels is { } models ? [.. Enum.GetValues<ModelRole>().Where(role => models.For(role) is not null).Select(role => Suggest(entry.Id, role, models.For(role)!))] : [],
        entry.Note);

    private static SuggestedModelView Suggest(string provider, ModelRole role, string model) => new(
        ModelRoleNames.Of(role),
        model,
        PriceTable.Find(provider, model) is { } price ? new PriceView { Input = price.InputPerMillion, Output = price.OutputPerMillion } : null);
}

/// <summary>Every provider that is known by name. Prices are list prices of the day in <c>prices_as_of</c>; a connection's own go first.</summary>
public sealed record CatalogueView(DateOnly PricesAsOf, IReadOnlyList<CatalogueEntryView> Providers);

/// <summary>A connection as it is shown. <c>key</c> is masked to its last four characters; without <c>base_url</c> it is the catalogue's.</summary>
public sealed record ConnectionView(
    Guid Id,
    string Provider,
    string Label,
    string? BaseUrl,
    string? Key,
    IReadOnlyDictionary<string, PriceView>? Prices,
    IReadOnlyList<string> Roles,
    DateTimeOffset CreatedAt,
    DateTimeOffset? RotatedAt,
    DateTimeOffset? LastSuccessAt,
    DateTimeOffset? LastErrorAt,
    string? LastError)
{
    public static ConnectionView From(StoredConnection connection) => new(
        connection.Id,
        connection.Provider,
        connection.Label,
        connection.BaseUrl,
        connection.HasKey ? $"...{connection.LastFour}" : null,
        PriceView.From(connection.Prices),
        [.. connection.Roles.Select(ModelRoleNames.Of)],
        connection.CreatedAt,
        connection.RotatedAt,
        connection.LastSuccessAt,
        connection.LastErrorAt,
        connection.LastError);
}

/// <summary>The model of a role.</summary>
public sealed record RoleModelView(string Role, Guid ConnectionId, string Provider, string Model, DateTimeOffset UpdatedAt);

/// <summary>
/// How far your memories are on their way to the vectors of your own embedding model. Until a bucket has all of them, its queries use the local
/// encoder's. <c>refused</c> counts texts the provider does not take; <c>last_error</c> says why the newest attempt failed, and <c>retry_at</c> when the next is due.
/// </summary>
public sealed record EmbedView(
    string Model, int Dimension, long Done, long Total, long Refused, long BucketsReady, int FailedAttempts, string? LastError, DateTimeOffset? RetryAt)
{
    public static EmbedView From(EmbeddingState state) => new(
        state.Model, state.Dimensions, state.Done, state.Total, state.Refused, state.Buckets, state.Attempts, state.LastError, state.RetryAt);
}

public sealed record ModelList(IReadOnlyList<RoleModelView> Models, EmbedView? Embed);

public sealed record ProviderList(IReadOnlyList<ConnectionView> Providers, IReadOnlyList<RoleModelView> Models);

public sealed record CreateProviderRequest
{
    [Description("A provider of GET /account/providers/catalogue."), StringLength(64, MinimumLength = 1)]
    public required string Provider { get; init; }

    [Description("What you call it. Left out: the provider's name."), StringLength(100, MinimumLength = 1)]
    public string? Label { get; init; }

    [Description("Your own address, https and public. Left out: the catalogue's, where it has one."), StringLength(2000, MinimumLength = 1)]
    public string? BaseUrl { get; init; }

    [Description("Your key at the provider. It is sealed, and shown to nobody again."), StringLength(1000)]
    public string? ApiKey { get; init; }

    [Description("Your own prices by model, or * for all. They go before the price table.")]
    public Dictionary<string, PriceView>? Prices { get; init; }
}

public sealed record RotateProviderRequest
{
    [Description("The new key. Calls under way end with the old one."), StringLength(1000)]
    public required string ApiKey { get; init; }
}

public sealed record UpdateProviderRequest
{
    [Description("What you call it."), StringLength(100, MinimumLength = 1)]
    public string? Label { get; init; }

    [Description("Your own prices by model, or * for all, instead of those there were; {} goes back to the price table.")]
    public Dictionary<string, PriceView>? Prices { get; init; }
}

public sealed record TestProviderRequest
{
    [Description("The model to ask. Left out: one that is set for a role, else the catalogue's cheapest suggestion."), StringLength(200, MinimumLength = 1)]
    public string? Model { get; init; }
}

/// <summary>How a test call went. <c>provider_words</c> is what the provider itself said of a failure.</summary>
public sealed record ProviderTestView(
    bool Ok, string Model, double LatencyMs, bool? ModelFound, string? AnsweredBy, string? Kind, int? UpstreamStatus, string? Hint, string? ProviderWords)
{
    public static ProviderTestView From(string model, ConnectionTestResult result) => new(
        result.Ok,
        model,
        Math.Round(result.LatencyMs, 1),
        result.ModelFound,
        result.AnsweredBy,
        result.Fault is { } fault ? ProviderFaultKinds.NameOf(fault.Kind) : null,
        result.Fault?.UpstreamStatus,
        result.Fault?.Hint,
        result.ProviderWords);
}

public sealed record SetModelRequest
{
    [Description("A connection of GET /account/providers.")]
    public required string ConnectionId { get; init; }

    [Description("The model, as the provider names it."), StringLength(200, MinimumLength = 1)]
    public required string Model { get; init; }
}
