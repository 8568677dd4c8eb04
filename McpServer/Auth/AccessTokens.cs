using System.Security.Cryptography;
using System.Text.Json;
using Engram.Engine;
using Engram.Engine.Keys;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Engram.McpServer.Auth;

/// <summary>Why a token was refused: for the log. The caller is told <see cref="Expired"/>, which it can act on, and nothing of the others.</summary>
internal enum TokenFault
{
    None,
    Malformed,
    Algorithm,
    Type,
    UnknownKey,
    Signature,
    Issuer,
    Audience,
    Expired,
    Endless,
    NotYetValid,
    NoSubject,
    NoTenant,
    Other,
}

/// <summary>
/// Reads access tokens (JWT, RFC 9068) of the configured issuer: signature, algorithm, issuer, audience and time by the library, and then
/// whose memories the token opens and what it may do with them.
/// </summary>
internal sealed class AccessTokens
{
    private static readonly string[] AccessTokenTypes = ["at+jwt", "application/at+jwt"];

    private readonly JsonWebTokenHandler _handler = new() { MapInboundClaims = false };
    private readonly TokenValidationParameters _rules;
    private readonly OAuthOptions _options;
    private readonly IssuerKeys _keys;
    private readonly TokenTenants _tenants;
    private readonly OAuthScopes _scopes;
    private readonly TimeProvider _time;

    public AccessTokens(IOptions<OAuthOptions> options, IssuerKeys keys, TokenTenants tenants, OAuthScopes scopes, TimeProvider time)
    {
        (_options, _keys, _tenants, _scopes, _time) = (options.Value, keys, tenants, scopes, time);
        _rules = new TokenValidationParameters
        {
            ValidIssuer = _options.Issuer,
            ValidAudience = _options.Audience ?? _options.Resource,
            ValidAlgorithms = _options.AcceptedAlgorithms,
            RequireSignedTokens = true,
            RequireExpirationTime = true,
            LifetimeValidator = (from, until, _, _) => FaultOf(from, until) == TokenFault.None,
        };
    }

    public bool Enabled => _options.Enabled;

    /// <summary>Whether a bearer credential has a signed token's form. An API key never does: it holds no dot.</summary>
    public static bool LooksLikeToken(string credential) => credential.AsSpan().Count('.') == 2;

    /// <summary>Who calls with this token, until when; or why it was refused.</summary>
    /// <exception cref="IssuerUnavailableException">The issuer's keys cannot be had, so nobody can tell.</exception>
    public async ValueTask<(Credential? Credential, TokenFault Fault)> ReadAsync(string token, CancellationToken ct)
    {
        if (!TryParse(token, out var jwt))
        {
            return (null, TokenFault.Malformed);
        }

        if (!_options.AcceptedAlgorithms.Contains(jwt.Alg, StringComparer.Ordinal))
        {
            return (null, TokenFault.Algorithm);
        }

        if (!IsAccessToken(jwt.Typ))
        {
            return (null, TokenFault.Type);
        }

        var keys = await _keys.FindAsync(jwt.Kid, jwt.Alg, ct);
        if (keys.Count == 0)
        {
            return (null, TokenFault.UnknownKey);
        }

        var rules = _rules.Clone();
        rules.IssuerSigningKeys = keys;
        var outcome = await _handler.ValidateTokenAsync(jwt, rules);
        return outcome.IsValid ? await FindCallerAsync(jwt, ct) : (null, FaultOf(outcome.Exception, jwt));
    }

    private static bool TryParse(string token, out JsonWebToken jwt)
    {
        try
        {
            jwt = new JsonWebToken(token);
            // RFC 7515, section 4.1.11: an extension that must be understood, and is not.
            return !jwt.TryGetHeaderValue<object>("crit", out _);
        }
        catch (Exception ex) when (ex is ArgumentException or JsonException or FormatException or SecurityTokenException)
        {
            jwt = null!;
            return false;
        }
    }

    private async ValueTask<(Credential? Credential, TokenFault Fault)> FindCallerAsync(JsonWebToken jwt, CancellationToken ct)
    {
        using var payload = JsonDocument.Parse(Base64UrlEncoder.Decode(jwt.EncodedPayload));
        var claims = payload.RootElement;
        if (Text(claims, "sub") is not { Length: > 0 } subject)
        {
            return (null, TokenFault.NoSubject);
        }

        if (TenantOf(Text(claims, _options.TenantClaim)) is not { } tenantId || await _tenants.FindAsync(tenantId, ct) is not { } tenant)
        {
            return (null, TokenFault.NoTenant);
        }

        var client = Text(claims, "client_id") ?? Text(claims, "azp") ?? "";
        var principal = new Principal(
            new Tenant(tenantId), tenant.Name, IdOf(tenantId, subject, client), client, "oauth", _scopes.Read(claims, _options.ReadScopeClaims), Buckets: null, User: null)
        {
            Plan = tenant.Plan,
        };
        var end = new DateTimeOffset(jwt.ValidTo, TimeSpan.Zero) + _options.ClockSkew;
        return (new Credential(principal, end) { Presented = jwt.EncodedToken }, TokenFault.None);
    }

    private Guid? TenantOf(string? claim)
    {
        if (claim is null)
        {
            return null;
        }

        if (_options.Tenants.Length > 0)
        {
            return Array.Find(_options.Tenants, tenant => tenant.Value == claim)?.Tenant;
        }

        return Guid.TryParse(claim, out var id) ? id : null;
    }

    /// <summary>
    /// Stands where a key's id stands: in the owner of a session, in limits and in records. The same person through the same client is the
    /// same caller whichever token it holds; a UUIDv8, which no key has.
    /// </summary>
    private Guid IdOf(Guid tenant, string subject, string client)
    {
        var identity = JsonSerializer.SerializeToUtf8Bytes(new[] { _options.Issuer!, tenant.ToString(), subject, client });
        var bytes = SHA256.HashData(identity).AsSpan(0, 16);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private bool IsAccessToken(string? type) =>
        AccessTokenTypes.Contains(type, StringComparer.OrdinalIgnoreCase)
        || (!_options.RequireAccessTokenType && (string.IsNullOrEmpty(type) || type.Equals("JWT", StringComparison.OrdinalIgnoreCase)));

    private TokenFault FaultOf(DateTime? from, DateTime? until)
    {
        var now = _time.GetUtcNow().UtcDateTime;
        return until is null || until == DateTime.MinValue ? TokenFault.Endless
            : now >= until.Value.Add(_options.ClockSkew) ? TokenFault.Expired
            : from is not null && now.Add(_options.ClockSkew) < from.Value ? TokenFault.NotYetValid
            : TokenFault.None;
    }

    private TokenFault FaultOf(Exception exception, JsonWebToken jwt) => exception switch
    {
        SecurityTokenInvalidLifetimeException => FaultOf(jwt.ValidFrom, jwt.ValidTo),
        SecurityTokenNoExpirationException => TokenFault.Endless,
        SecurityTokenInvalidAudienceException => TokenFault.Audience,
        SecurityTokenInvalidIssuerException => TokenFault.Issuer,
        SecurityTokenInvalidSignatureException => TokenFault.Signature,
        _ => TokenFault.Other,
    };

    private static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
