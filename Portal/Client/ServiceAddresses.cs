using Microsoft.Extensions.Options;

namespace Engram.Portal.Client;

/// <summary>Where the other parts are, as the app model says it (<c>services:{name}:{scheme}:0</c>).</summary>
public sealed class ServiceAddresses(IConfiguration configuration, IOptions<PortalOptions> options)
{
    public Uri? Api => Find("api");

    public Uri? Mcp => Find("mcp");

    public Uri? Worker => Find("worker");

    /// <summary>The Api's address to print in a snippet, without a slash at the end.</summary>
    public string PublicApi => (options.Value.PublicApiUrl ?? Api?.ToString() ?? "http://localhost:5180").TrimEnd('/');

    /// <summary>The MCP endpoint to print in a snippet.</summary>
    public string PublicMcp => options.Value.PublicMcpUrl ?? (Mcp?.ToString() ?? "http://localhost:5181").TrimEnd('/') + "/mcp";

    private Uri? Find(string name) =>
        (configuration[$"services:{name}:https:0"] ?? configuration[$"services:{name}:http:0"]) is { Length: > 0 } address
            ? new Uri(address.EndsWith('/') ? address : address + "/", UriKind.Absolute)
            : null;
}
