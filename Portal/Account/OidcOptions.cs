using System.ComponentModel.DataAnnotations;

namespace Engram.Portal.Account;

/// <summary>Settings of the sign-in at an identity provider, bound from <c>Engram:Portal:Oidc</c>. The Api needs the same authority and client id.</summary>
public sealed class OidcOptions : IValidatableObject
{
    public const string Section = PortalOptions.Section + ":Oidc";

    /// <summary>The issuer's address, under which <c>/.well-known/openid-configuration</c> is. Unset: no such sign-in.</summary>
    public string? Authority { get; set; }

    public string? ClientId { get; set; }

    /// <summary>Left out for a public client, which PKCE alone protects.</summary>
    public string? ClientSecret { get; set; }

    /// <summary>What the button calls it.</summary>
    public string Name { get; set; } = "single sign-on";

    /// <summary>Where the issuer sends people back to; the address the portal was called by + <see cref="OidcRoutes.Callback"/> when unset.</summary>
    public string? RedirectUri { get; set; }

    public bool IsOn => !string.IsNullOrWhiteSpace(Authority);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IsOn)
        {
            yield break;
        }
        // Over http anybody on the way could say who somebody is; to this machine itself nobody is on the way.
        if (!Uri.TryCreate(Authority, UriKind.Absolute, out var authority) || !(authority.Scheme == Uri.UriSchemeHttps || (authority.Scheme == Uri.UriSchemeHttp && authority.IsLoopback)))
        {
            yield return new ValidationResult(Section + ":Authority must be an https address.", [nameof(Authority)]);
        }
        if (string.IsNullOrWhiteSpace(ClientId))
        {
            yield return new ValidationResult(Section + ":ClientId must be set when " + Section + ":Authority is.", [nameof(ClientId)]);
        }
        if (RedirectUri is not null && !Uri.TryCreate(RedirectUri, UriKind.Absolute, out _))
        {
            yield return new ValidationResult(Section + ":RedirectUri must be an absolute address.", [nameof(RedirectUri)]);
        }
    }
}
