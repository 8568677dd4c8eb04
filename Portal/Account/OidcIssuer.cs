using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;

namespace Engram.Portal.Account;

/// <summary>The issuer as the portal needs it: where to send people, and where to trade the code for an ID token. That the token is true is the Api's to check.</summary>
internal sealed class OidcIssuer(IHttpClientFactory clients, IOptions<PortalOptions> options, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);
    private readonly SemaphoreSlim reading = new(1);
    private (Metadata Metadata, DateTimeOffset ReadAt)? last;

    private OidcOptions Options => options.Value.Oidc;

    public void Dispose() => reading.Dispose();

    /// <exception cref="HttpRequestException">The issuer does not answer.</exception>
    /// <exception cref="JsonException">What it answers is no metadata of an issuer.</exception>
    public async Task<Metadata> MetadataAsync(CancellationToken cancellationToken)
    {
        await reading.WaitAsync(cancellationToken);
        try
        {
            if (last is { } known && time.GetUtcNow() - known.ReadAt < Lifetime)
            {
                return known.Metadata;
            }
            var authority = Options.Authority!.TrimEnd('/');
            using var http = clients.CreateClient(nameof(OidcIssuer));
            var metadata = await http.GetFromJsonAsync<Metadata>(authority + "/.well-known/openid-configuration", cancellationToken) ?? throw new JsonException("The metadata is null.");
            last = (metadata, time.GetUtcNow());
            return metadata;
        }
        finally
        {
            reading.Release();
        }
    }

    /// <summary>The ID token for a code.</summary>
    /// <exception cref="HttpRequestException">The issuer does not answer, or refuses the code.</exception>
    /// <exception cref="JsonException">What it answers has no ID token.</exception>
    public async Task<string> TradeAsync(string code, string verifier, string redirectUri, CancellationToken cancellationToken)
    {
        var metadata = await MetadataAsync(cancellationToken);
        var form = new Dictionary<string, string>
        {
            ["grant_type"] = "authorization_code",
            ["code"] = code,
            ["redirect_uri"] = redirectUri,
            ["code_verifier"] = verifier,
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, metadata.TokenEndpoint);
        if (Options.ClientSecret is not { Length: > 0 } secret)
        {
            form["client_id"] = Options.ClientId!;
        }
        else if (metadata.AuthMethods is { Count: > 0 } methods && !methods.Contains("client_secret_basic"))
        {
            (form["client_id"], form["client_secret"]) = (Options.ClientId!, secret);
        }
        else
        {
            // Each part form-encoded first (RFC 6749 2.3.1): a colon in the id would end it.
            var pair = $"{Uri.EscapeDataString(Options.ClientId!)}:{Uri.EscapeDataString(secret)}";
            request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
        }
        request.Content = new FormUrlEncodedContent(form);
        using var http = clients.CreateClient(nameof(OidcIssuer));
        using var response = await http.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<Tokens>(cancellationToken))?.IdToken ?? throw new JsonException("There is no ID token.");
    }

    internal sealed record Metadata(
        [property: JsonPropertyName("authorization_endpoint"), JsonRequired] string AuthorizationEndpoint,
        [property: JsonPropertyName("token_endpoint"), JsonRequired] string TokenEndpoint,
        [property: JsonPropertyName("token_endpoint_auth_methods_supported")] IReadOnlyList<string>? AuthMethods);

    private sealed record Tokens([property: JsonPropertyName("id_token")] string? IdToken);
}
