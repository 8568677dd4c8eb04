namespace Engram.Engine.Providers;

/// <summary>What is known of a tenant's connection, which never includes its key.</summary>
/// <param name="Id">The connection's id, a UUIDv7.</param>
/// <param name="Provider">Catalogue id.</param>
/// <param name="Label">What its owner calls it.</param>
/// <param name="BaseUrl">The tenant's own address, or null for the catalogue's.</param>
/// <param name="LastFour">The key's last four characters; empty where it has none, or is too short to show any.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="RotatedAt">When its key was last replaced, or null.</param>
/// <param name="LastSuccessAt">When a call last went well, to within a second, or null.</param>
/// <param name="LastErrorAt">When a call last failed, to within a second, or null.</param>
/// <param name="LastError">How: the fault's kind and hint, or null.</param>
public sealed record StoredConnection(
    Guid Id,
    string Provider,
    string Label,
    string? BaseUrl,
    string LastFour,
    DateTimeOffset CreatedAt,
    DateTimeOffset? RotatedAt,
    DateTimeOffset? LastSuccessAt,
    DateTimeOffset? LastErrorAt,
    string? LastError)
{
    /// <summary>The tenant's own prices by model (<c>*</c> for all), or null for the price table's.</summary>
    public IReadOnlyDictionary<string, ModelPrice>? Prices { get; init; }

    /// <summary>Whether it has a key.</summary>
    public bool HasKey { get; init; }

    /// <summary>The roles it serves.</summary>
    public IReadOnlyList<ModelRole> Roles { get; init; } = [];
}

/// <summary>What a new connection shall be. Whoever makes one has checked the address.</summary>
/// <param name="Provider">Catalogue id.</param>
/// <param name="Label">1 to 100 characters.</param>
/// <param name="BaseUrl">The tenant's own address, or null for the catalogue's.</param>
/// <param name="Key">The tenant's key.</param>
/// <param name="Prices">The tenant's own prices by model, or null.</param>
public sealed record NewConnection(
    string Provider, string Label, string? BaseUrl, ProviderSecret Key, IReadOnlyDictionary<string, ModelPrice>? Prices = null);

/// <summary>The model a tenant set for a role.</summary>
/// <param name="Role">What for.</param>
/// <param name="ConnectionId">Over which connection.</param>
/// <param name="Model">As the provider names it.</param>
/// <param name="UpdatedAt">When it was set.</param>
public sealed record RoleModel(ModelRole Role, Guid ConnectionId, string Model, DateTimeOffset UpdatedAt)
{
    /// <summary>Of the role <see cref="ModelRole.Embed"/>: what its vectors are; otherwise null.</summary>
    public VectorSpace? Vectors { get; init; }
}
