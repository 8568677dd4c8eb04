using System.ComponentModel.DataAnnotations;
using Engram.Engine.Keys;

namespace Engram.McpServer.Auth;

/// <summary>
/// Access tokens of one OAuth 2.1 issuer, beside API keys: configuration section <c>Engram:Mcp:OAuth</c>. Off until an issuer is named.
/// </summary>
internal sealed class OAuthOptions : IValidatableObject
{
    public const string Section = "Engram:Mcp:OAuth";

    private static readonly string[] Asymmetric = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
    private static readonly string[] DefaultAlgorithms = ["RS256", "PS256", "ES256"];
    private static readonly string[] DefaultScopeClaims = ["scope", "scp"];

    /// <summary>The one issuer that is trusted, exactly as its tokens' <c>iss</c> says it. Unset means no tokens at all.</summary>
    public string? Issuer { get; set; }

    /// <summary>The URL at which clients reach this endpoint, for instance <c>https://memory.example.com/mcp</c>. Never taken from a request.</summary>
    public string? Resource { get; set; }

    /// <summary>What a token's <c>aud</c> must hold; <see cref="Resource"/> unless the issuer names its audiences in a way of its own.</summary>
    public string? Audience { get; set; }

    /// <summary>Where the issuer publishes its keys; found through its metadata unless given.</summary>
    public string? JwksUri { get; set; }

    /// <summary>The claim that says whose memories a token opens. Users of the issuer must not be able to set it.</summary>
    [Required(ErrorMessage = Section + ":TenantClaim must name a claim.")]
    public string TenantClaim { get; set; } = "engram_tenant";

    /// <summary>Which tenant each value of the claim stands for. Empty means that the value is the tenant's id.</summary>
    public TenantOfClaim[] Tenants { get; set; } = [];

    /// <summary>What the issuer's scopes allow here. Empty means that they have this product's own names.</summary>
    public ScopeGrant[] Scopes { get; set; } = [];

    /// <summary>The claims a token's scopes are read from; <c>scope</c> and <c>scp</c> unless given.</summary>
    public string[] ScopeClaims { get; set; } = [];

    /// <summary>Signature algorithms that are accepted; RS256, PS256 and ES256 unless given. Never <c>none</c>, never one with a shared secret.</summary>
    public string[] Algorithms { get; set; } = [];

    /// <summary>Accept only tokens whose <c>typ</c> is <c>at+jwt</c> (RFC 9068). Many issuers still write <c>JWT</c>.</summary>
    public bool RequireAccessTokenType { get; set; }

    /// <summary>How far the issuer's clock and this one's may differ.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00", ErrorMessage = Section + ":ClockSkew must lie between 0 and 5 minutes.")]
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    public bool Enabled => Issuer is not null;

    public IReadOnlyList<string> AcceptedAlgorithms => Algorithms.Length > 0 ? Algorithms : DefaultAlgorithms;

    public IReadOnlyList<string> ReadScopeClaims => ScopeClaims.Length > 0 ? ScopeClaims : DefaultScopeClaims;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!Enabled)
            yield break;
        if (!IsSafeUrl(Issuer))
            yield return new ValidationResult($"{Section}:Issuer must be an https URL without query or fragment (http only on loopback).");
        if (!IsSafeUrl(Resource))
            yield return new ValidationResult($"{Section}:Resource must be the https URL at which clients reach this endpoint (http only on loopback).");
        if (JwksUri is not null && !IsSafe(JwksUri))
            yield return new ValidationResult($"{Section}:JwksUri must be an https URL (http only on loopback).");
        foreach (var algorithm in Algorithms.Except(Asymmetric))
            yield return new ValidationResult($"{Section}:Algorithms must not hold '{algorithm}'; use {string.Join(", ", Asymmetric)}.");
        foreach (var scope in Scopes)
        {
            // What RFC 6749 lets a scope be made of; the name is quoted in headers.
            if (scope.Name.Length == 0 || scope.Name.Any(c => c is <= ' ' or '"' or '\\' or > '~') || !ScopeNames.TryParse(scope.Grants, out _, out _))
                yield return new ValidationResult($"{Section}:Scopes need a Name and Grants of {string.Join(", ", ScopeNames.All)}.");
        }

        if (Tenants.Any(tenant => string.IsNullOrEmpty(tenant.Value) || tenant.Tenant == Guid.Empty))
            yield return new ValidationResult($"{Section}:Tenants need a Value and a Tenant (a tenant's id) each.");
    }

    /// <summary>https, or http to this machine, as in development and tests.</summary>
    internal static bool IsSafe(string? url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback));

    private static bool IsSafeUrl(string? url) => IsSafe(url) && new Uri(url!) is { Query: "", Fragment: "" };

    /// <summary>A value of the tenant claim, and the tenant it stands for.</summary>
    internal sealed class TenantOfClaim
    {
        public string Value { get; set; } = "";

        public Guid Tenant { get; set; }
    }

    /// <summary>A scope of the issuer's, and what it allows here. A list, because names hold colons, which configuration keys cannot.</summary>
    internal sealed class ScopeGrant
    {
        public string Name { get; set; } = "";

        public string[] Grants { get; set; } = [];
    }
}
