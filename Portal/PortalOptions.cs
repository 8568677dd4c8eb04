using System.ComponentModel.DataAnnotations;
using Engram.Portal.Account;

namespace Engram.Portal;

/// <summary>Settings of the portal, bound from <c>Engram:Portal</c>.</summary>
public sealed class PortalOptions : IValidatableObject
{
    public const string Section = "Engram:Portal";

    /// <summary>Where the keys that seal the sign-in cookie live. Losing the folder signs everybody out, nothing more.</summary>
    [Required(ErrorMessage = Section + ":KeysFolder must name a folder the portal can write to.")]
    public string KeysFolder { get; set; } = Path.Combine(UserDataFolder(), "engram", "portal-keys");

    /// <summary>The Api's address as the tenant's own machines reach it; the service address when unset.</summary>
    [Url(ErrorMessage = Section + ":PublicApiUrl must be an absolute http(s) URL.")]
    public string? PublicApiUrl { get; set; }

    /// <summary>The MCP endpoint as the tenant's own machines reach it, with its path; the service address + /mcp when unset.</summary>
    [Url(ErrorMessage = Section + ":PublicMcpUrl must be an absolute http(s) URL.")]
    public string? PublicMcpUrl { get; set; }

    /// <summary>
    /// Whether people may sign in over plain http from another machine. Off: http is served on the loopback address only,
    /// because a session cookie on an unencrypted network belongs to everybody on it.
    /// </summary>
    public bool AllowPlainHttp { get; set; }

    /// <summary>Attempts to sign in or set up that one address may make in a minute.</summary>
    [Range(1, 1000, ErrorMessage = Section + ":SignInAttemptsPerMinute must be between 1 and 1000.")]
    public int SignInAttemptsPerMinute { get; set; } = 10;

    /// <summary>Sign-in at an identity provider, beside the password; off while it has no authority.</summary>
    public OidcOptions Oidc { get; set; } = new();

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Oidc.Validate(validationContext);

    // A service account may have no home; the keys then last as long as the machine's temporary files.
    private static string UserDataFolder() =>
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify) is { Length: > 0 } folder
            ? folder
            : Path.GetTempPath();
}

internal static class PortalOptionsRegistration
{
    public static void AddPortalOptions(this IHostApplicationBuilder builder) =>
        builder.Services.AddOptions<PortalOptions>()
            .BindConfiguration(PortalOptions.Section)
            .ValidateDataAnnotations()
            .ValidateOnStart();
}
