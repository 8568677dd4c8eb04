namespace Engram.Engine.Providers;

/// <summary>A tenant's provider key in clear. It cannot be printed, logged or serialized by accident: only <see cref="Reveal"/> gives it.</summary>
public sealed class ProviderSecret
{
    private const int Shown = 4;
    private const int LongEnoughToShow = 12;

    private readonly string _value;

    /// <summary>Wraps a key.</summary>
    /// <param name="value">The key in clear; surrounding white space, a mishap of copying, is dropped.</param>
    public ProviderSecret(string value) => _value = (value ?? throw new ArgumentNullException(nameof(value))).Trim();

    /// <summary>A connection that needs no key: a local model server.</summary>
    public static ProviderSecret None { get; } = new("");

    /// <summary>Whether there is no key.</summary>
    public bool IsEmpty => _value.Length == 0;

    /// <summary>The last four characters, or nothing where the key is so short that four would tell too much.</summary>
    public string LastFour() => _value.Length < LongEnoughToShow ? "" : _value[^Shown..];

    /// <summary>The key in clear, for the request to the provider and for encryption only.</summary>
    public string Reveal() => _value;

    /// <summary>Takes the key out of a text that came from elsewhere.</summary>
    /// <param name="text">For example the provider's own words.</param>
    public string Redact(string text) => IsEmpty ? text : text.Replace(_value, ToString(), StringComparison.Ordinal);

    /// <summary>Masked to the last four.</summary>
    public override string ToString() => IsEmpty ? "(none)" : $"...{LastFour()}";
}

/// <summary>A tenant's own access to one provider: where it is, with which key, at which prices.</summary>
/// <param name="Id">The connection's id. The breaker counts per tenant and this.</param>
/// <param name="Entry">The provider.</param>
/// <param name="BaseUrl">Where it answers: the catalogue's address or the tenant's own, which <see cref="ProviderUrlGuard"/> has let pass.</param>
/// <param name="Key">The tenant's key.</param>
public sealed record ProviderConnection(Guid Id, ProviderEntry Entry, Uri BaseUrl, ProviderSecret Key)
{
    /// <summary>The tenant's own prices by model (<c>*</c> for all), which go before the table's; null where there are none.</summary>
    public IReadOnlyDictionary<string, ModelPrice>? Prices { get; init; }

    /// <summary>Whether it holds a reply to a JSON schema, where the tenant knows better than the catalogue; otherwise null.</summary>
    public bool? JsonSchema { get; init; }
}
