using System.Net.Http.Headers;

namespace Engram.Engine.Providers;

/// <summary>
/// Lets through what Anthropic's API knows, with the tenant's own key. The SDK adds whatever <c>ANTHROPIC_CUSTOM_HEADERS</c> says, and has no
/// setting against it: those are the operator's, perhaps with a key, and a tenant's URL may lead anywhere.
/// </summary>
internal sealed class AnthropicHeadersHandler(string key, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly string[] Known = ["Accept", "User-Agent", "anthropic-version", "x-stainless-"];

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        foreach (var name in request.Headers.NonValidated.Select(header => header.Key).ToArray())
        {
            if (!Array.Exists(Known, known => known.EndsWith('-')
                ? name.StartsWith(known, StringComparison.OrdinalIgnoreCase)
                : name.Equals(known, StringComparison.OrdinalIgnoreCase)))
            {
                request.Headers.Remove(name);
            }
        }

        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return base.SendAsync(request, cancellationToken);
    }
}
