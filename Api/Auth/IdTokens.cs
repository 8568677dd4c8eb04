using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Protocols;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;

namespace Engram.Api.Auth;

/// <summary>
/// Checks ID tokens here, where sessions are made, and not in the portal: whoever could talk to the Api could else claim to be anybody. A token is taken
/// once, soon after it was issued, and only for an address that the issuer has verified.
/// </summary>
public sealed class IdTokens
{
    /// <summary>How long after it was issued a token is taken: it comes straight from the sign-in.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromMinutes(5);

    private static readonly string[] Algorithms =
        [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512, SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384];

    private readonly OidcOptions _options;
    private readonly TimeProvider _time;
    private readonly ConfigurationManager<OpenIdConnectConfiguration>? _issuer;
    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly ConcurrentDictionary<string, DateTimeOffset> _taken = new(StringComparer.Ordinal);

    public IdTokens(IOptions<OidcOptions> options, IHttpClientFactory http, TimeProvider time)
    {
        (_options, _time) = (options.Value, time);
        if (!_options.IsOn)
            return;
        var authority = _options.Authority!.TrimEnd('/');
        _issuer = new ConfigurationManager<OpenIdConnectConfiguration>(
            authority + "/.well-known/openid-configuration",
            new OpenIdConnectConfigurationRetriever(),
            new HttpDocumentRetriever(http.CreateClient(nameof(IdTokens))) { RequireHttps = authority.StartsWith("https:", StringComparison.OrdinalIgnoreCase) });
    }

    /// <summary>Whether an issuer is configured.</summary>
    public bool IsOn => _issuer is not null;

    /// <summary>The e-mail address the token vouches for; null where it does not.</summary>
    /// <param name="token">The ID token as the issuer gave it.</param>
    /// <param name="nonce">What the sign-in was begun with.</param>
    /// <param name="cancellationToken">Cancels the reading of the issuer's keys.</param>
    /// <exception cref="InvalidOperationException">The issuer's keys cannot be read.</exception>
    public async Task<string?> VerifiedEmailAsync(string token, string nonce, CancellationToken cancellationToken)
    {
        var issuer = await _issuer!.GetConfigurationAsync(cancellationToken);
        var result = await _handler.ValidateTokenAsync(token, Parameters(issuer));
        if (result.Exception is SecurityTokenSignatureKeyNotFoundException)
        {
            // The issuer may have begun to sign with another key; asked at most once in a while.
            _issuer.RequestRefresh();
            result = await _handler.ValidateTokenAsync(token, Parameters(await _issuer.GetConfigurationAsync(cancellationToken)));
        }

        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt || !IsOfThisSignIn(jwt, nonce) || !IsVerified(jwt))
            return null;
        return jwt.TryGetPayloadValue<string>("email", out var email) && email is { Length: > 2 and <= 254 } && TakeOnce(token) ? email : null;
    }

    private TokenValidationParameters Parameters(OpenIdConnectConfiguration issuer) => new()
    {
        ValidIssuer = issuer.Issuer,
        IssuerSigningKeys = issuer.SigningKeys,
        ValidAudience = _options.ClientId,
        ValidAlgorithms = Algorithms,
        RequireSignedTokens = true,
        RequireExpirationTime = true,
        ClockSkew = TimeSpan.FromMinutes(1),
    };

    private bool IsOfThisSignIn(JsonWebToken jwt, string nonce)
    {
        var issued = jwt.IssuedAt == DateTime.MinValue ? DateTimeOffset.MinValue : new DateTimeOffset(DateTime.SpecifyKind(jwt.IssuedAt, DateTimeKind.Utc));
        // A token for several clients must say which of them asked for it.
        var isOurs = !jwt.TryGetPayloadValue<string>("azp", out var azp) || azp == _options.ClientId;
        return isOurs && _time.GetUtcNow() - issued < Freshness
            && jwt.TryGetPayloadValue<string>("nonce", out var claimed)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(claimed ?? ""), Encoding.UTF8.GetBytes(nonce));
    }

    // Some issuers write the boolean as text.
    private static bool IsVerified(JsonWebToken jwt) =>
        jwt.TryGetPayloadValue<object>("email_verified", out var verified) && string.Equals(verified?.ToString(), "true", StringComparison.OrdinalIgnoreCase);

    private bool TakeOnce(string token)
    {
        var now = _time.GetUtcNow();
        foreach (var (old, at) in _taken)
        {
            if (now - at > 2 * Freshness)
                _taken.TryRemove(old, out _);
        }

        return _taken.TryAdd(Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(token))), now);
    }
}
