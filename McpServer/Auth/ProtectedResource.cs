using System.Text.Json;
using Engram.Engine.Keys;
using Engram.McpServer.Tools;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Engram.McpServer.Auth;

/// <summary>
/// What this server says of itself as an OAuth 2.1 protected resource (RFC 9728), and the challenges that lead a client there and on to its
/// issuer. All of it comes from configuration: a Host header must not decide where clients send their users.
/// </summary>
internal sealed class ProtectedResource
{
    public const string WellKnown = "/.well-known/oauth-protected-resource";

    private static readonly string[] HeaderOnly = ["header"];

    private readonly OAuthOptions _options;
    private readonly OAuthScopes _scopes;
    private readonly byte[] _metadata = [];
    private readonly string _metadataUrl = "";

    public ProtectedResource(IOptions<OAuthOptions> options, OAuthScopes scopes, IEnumerable<EngramTool> tools)
    {
        (_options, _scopes) = (options.Value, scopes);
        if (!_options.Enabled)
        {
            return;
        }

        var resource = new Uri(_options.Resource!);
        _metadataUrl = $"{resource.GetLeftPart(UriPartial.Authority)}{WellKnown}{ResourcePath}";
        _metadata = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
        {
            ["resource"] = _options.Resource!,
            ["authorization_servers"] = new[] { _options.Issuer! },
            ["scopes_supported"] = scopes.NamesFor(tools.Aggregate(Scopes.None, (all, tool) => all | tool.Scope)).ToArray(),
            ["bearer_methods_supported"] = HeaderOnly,
            ["resource_name"] = "Engram memory",
        });
    }

    public bool Enabled => _options.Enabled;

    /// <summary>The path clients know the endpoint under, which a proxy may have changed on the way here.</summary>
    public string ResourcePath => new Uri(_options.Resource!).AbsolutePath.TrimEnd('/');

    public Task WriteMetadataAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentType = "application/json";
        headers.CacheControl = "public, max-age=300";
        // Public by nature, and read by clients that run in a page of another origin.
        headers.AccessControlAllowOrigin = "*";
        return context.Response.Body.WriteAsync(_metadata).AsTask();
    }

    /// <summary>401 without credentials: where to get some, asking for no more than reading at first.</summary>
    public void ChallengeForCredentials(HttpResponse response) =>
        Challenge(response, Enabled ? [("scope", string.Join(' ', _scopes.NamesFor(Scopes.MemoriesRead)))] : []);

    /// <summary>401 with credentials that do not hold.</summary>
    public void ChallengeForOthers(HttpResponse response, string? description = null) =>
        Challenge(response, description is null ? [("error", "invalid_token")] : [("error", "invalid_token"), ("error_description", description)]);

    /// <summary>403: what the token lacks, named together with what it has, so that a client which asks for exactly this loses nothing.</summary>
    public void ChallengeForScopes(HttpResponse response, Scopes held, Scopes needed, string description) =>
        Challenge(response, [("error", "insufficient_scope"), ("scope", string.Join(' ', _scopes.NamesFor(held | needed))), ("error_description", description)]);

    private void Challenge(HttpResponse response, IEnumerable<(string Name, string Value)> parameters)
    {
        var all = parameters.Prepend(("realm", "engram"));
        if (Enabled)
        {
            all = all.Append(("resource_metadata", _metadataUrl));
        }

        response.Headers[HeaderNames.WWWAuthenticate] = "Bearer " + string.Join(", ", all.Select(pair => $"{pair.Item1}=\"{pair.Item2}\""));
    }
}
