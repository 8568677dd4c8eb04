using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Engram.Engine.Providers;

/// <summary>Vectors that may be compared with each other: of one model, at one address, of one length.</summary>
/// <param name="Id">What <c>memory_vectors.model</c> says of them. Has a slash, which no id of a local encoder has; letters, digits and <c>-._/</c> only.</param>
/// <param name="Dimensions">Their length, 1 to <see cref="MaxDimensions"/>.</param>
public sealed record VectorSpace(string Id, int Dimensions)
{
    /// <summary>The longest vectors that pgvector's index over <c>halfvec</c> takes.</summary>
    public const int MaxDimensions = 4000;

    // A vector of the greatest length and its key must fit on one page.
    private const int LongestName = 32;

    private const int HashCharacters = 8;

    /// <summary>
    /// The space of a provider's model. The same name at another address may be another model, and a name can hold anything: both are in the hash.
    /// A new key, or a second connection to the same provider, changes nothing.
    /// </summary>
    /// <param name="connection">The tenant's provider.</param>
    /// <param name="model">The model, as the provider names it.</param>
    /// <param name="dimensions">Length of its vectors.</param>
    public static VectorSpace Of(ProviderConnection connection, string model, int dimensions)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentException.ThrowIfNullOrWhiteSpace(model);
        var length = dimensions.ToString(CultureInfo.InvariantCulture);
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{connection.BaseUrl.AbsoluteUri.TrimEnd('/')}\n{model}\n{length}")))[..HashCharacters];
        var name = new string([.. model.Take(LongestName).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '/' ? c : '_')]);
        return new VectorSpace($"{connection.Entry.Id}/{name}/{length}-{hash}", dimensions);
    }
}
