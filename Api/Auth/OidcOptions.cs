using System.ComponentModel.DataAnnotations;

namespace Engram.Api.Auth;

/// <summary>Section <c>Engram:Oidc</c>: whose word is taken for who somebody is, beside a password. Left out: nobody's.</summary>
public sealed class OidcOptions : IValidatableObject
{
    /// <summary>The issuer's address, under which <c>/.well-known/openid-configuration</c> is. https, or http on this machine.</summary>
    public string? Authority { get; set; }

    /// <summary>The portal's client id at the issuer: an ID token for another client is refused.</summary>
    public string? ClientId { get; set; }

    public bool IsOn => Authority is { Length: > 0 };

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IsOn)
            yield break;
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var authority) || !(authority.Scheme == Uri.UriSchemeHttps || (authority.Scheme == Uri.UriSchemeHttp && authority.IsLoopback)))
            yield return new ValidationResult("Engram:Oidc:Authority must be an https address.", [nameof(Authority)]);
        if (string.IsNullOrWhiteSpace(ClientId))
            yield return new ValidationResult("Engram:Oidc:ClientId must be set when Engram:Oidc:Authority is.", [nameof(ClientId)]);
    }
}
