using System.Buffers;
using System.Collections.Frozen;

namespace Engram.Engine.Providers;

/// <summary>What a model costs, in US dollars per million tokens.</summary>
/// <param name="InputPerMillion">For tokens read, 0 or more.</param>
/// <param name="OutputPerMillion">For tokens written, 0 or more.</param>
public sealed record ModelPrice(decimal InputPerMillion, decimal OutputPerMillion)
{
    private const decimal Million = 1_000_000m;

    /// <summary>The price of one call in US dollars.</summary>
    /// <param name="inputTokens">Tokens read.</param>
    /// <param name="outputTokens">Tokens written.</param>
    public decimal CostUsd(long inputTokens, long outputTokens) =>
        ((inputTokens * InputPerMillion) + (outputTokens * OutputPerMillion)) / Million;
}

/// <summary>
/// List prices, with the date they were taken (<c>prices.json</c>). They are an estimate for the tenant's own eyes, not a bill: discounts
/// (cached input, batches, contracts) are not known here, and a tenant's own prices go before these.
/// </summary>
public static class PriceTable
{
    private static readonly SearchValues<char> DateCharacters = SearchValues.Create("0123456789-");

    private static readonly PriceFile File = CatalogueFile.Read<PriceFile>("prices.json");

    private static readonly FrozenDictionary<string, FrozenDictionary<string, ModelPrice>> Prices = File.Providers.ToFrozenDictionary(
        provider => provider.Key,
        provider => provider.Value.ToFrozenDictionary(
            price => price.Key, price => new ModelPrice(price.Value[0], price.Value[1]), StringComparer.OrdinalIgnoreCase),
        StringComparer.OrdinalIgnoreCase);

    /// <summary>The day on which these prices were taken down.</summary>
    public static DateOnly AsOf => File.AsOf;

    /// <summary>The price of a model, or null where none is known.</summary>
    /// <param name="provider">Catalogue id.</param>
    /// <param name="model">
    /// As the provider names it. A dated name (<c>gpt-4.1-mini-2025-04-14</c>) has the price of the longest listed name it begins with.
    /// </param>
    /// <param name="overrides">The tenant's own prices by model, which go first; <c>*</c> stands for every model of the provider.</param>
    public static ModelPrice? Find(string provider, string model, IReadOnlyDictionary<string, ModelPrice>? overrides = null)
    {
        if (overrides is not null && (overrides.TryGetValue(model, out var own) || overrides.TryGetValue("*", out own)))
        {
            return own;
        }

        if (!Prices.TryGetValue(provider, out var listed))
        {
            return null;
        }

        return listed.TryGetValue(model, out var price) ? price : OfUndatedName(listed, model);
    }

    /// <summary>The price of one call in US dollars, or null where the model's price is not known.</summary>
    /// <param name="provider">Catalogue id.</param>
    /// <param name="model">As the provider names it.</param>
    /// <param name="inputTokens">Tokens read.</param>
    /// <param name="outputTokens">Tokens written.</param>
    /// <param name="overrides">The tenant's own prices by model, which go first.</param>
    public static decimal? CostUsd(
        string provider, string model, long inputTokens, long outputTokens, IReadOnlyDictionary<string, ModelPrice>? overrides = null) =>
        Find(provider, model, overrides)?.CostUsd(inputTokens, outputTokens);

    /// <summary>Only a date or "latest" may follow the listed name: <c>gpt-4.1-mini</c> is another model than <c>gpt-4.1</c>, at another price.</summary>
    private static ModelPrice? OfUndatedName(FrozenDictionary<string, ModelPrice> listed, string model)
    {
        for (var end = model.LastIndexOf('-'); end > 0; end = model.LastIndexOf('-', end - 1))
        {
            var rest = model.AsSpan(end + 1);
            if (!rest.SequenceEqual("latest") && rest.ContainsAnyExcept(DateCharacters))
            {
                return null;
            }

            if (listed.TryGetValue(model[..end], out var price))
            {
                return price;
            }
        }

        return null;
    }

    private sealed record PriceFile(DateOnly AsOf, string Unit, Dictionary<string, string> Sources, Dictionary<string, Dictionary<string, decimal[]>> Providers);
}
