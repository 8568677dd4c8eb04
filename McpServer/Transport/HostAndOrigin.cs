using System.Net;
using Microsoft.Extensions.Options;

namespace Engram.McpServer.Transport;

/// <summary>
/// Keeps web pages from talking to a server on the reader's own machine (DNS rebinding): the name a page was loaded under never is a
/// loopback name, so on a loopback connection only those are answered, and an Origin has to be loopback too or be allowed by name.
/// </summary>
internal sealed class HostAndOrigin(IOptions<McpTransportOptions> options)
{
    private readonly HashSet<string> _hosts = new(options.Value.AllowedHosts, StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _origins =
        new(options.Value.AllowedOrigins.Select(origin => origin.TrimEnd('/')), StringComparer.OrdinalIgnoreCase);

    public RpcFault? Check(HttpContext context)
    {
        var local = context.Connection.LocalIpAddress;
        var loopback = local is null || IPAddress.IsLoopback(local);
        var host = context.Request.Host.Host;
        var hostAllowed = _hosts.Count > 0 ? _hosts.Contains(host) || (loopback && IsLoopbackName(host)) : !loopback || IsLoopbackName(host);
        if (!hostAllowed)
        {
            return Refuse($"The host name '{host}' is not served here. Add it to {McpTransportOptions.Section}:AllowedHosts to allow it.");
        }

        string? origin = context.Request.Headers.Origin;
        if (string.IsNullOrEmpty(origin) || _origins.Contains(origin))
        {
            return null;
        }

        return loopback && Uri.TryCreate(origin, UriKind.Absolute, out var uri) && IsLoopbackName(uri.Host)
            ? null
            : Refuse($"Calls from pages of origin '{origin}' are refused. Add it to {McpTransportOptions.Section}:AllowedOrigins to allow them.");
    }

    /// <summary>Whether a page of this origin may read answers, as far as can be told without its connection: <see cref="Check"/> has the last word.</summary>
    public bool MayRead(string origin) => _origins.Contains(origin) || (Uri.TryCreate(origin, UriKind.Absolute, out var uri) && IsLoopbackName(uri.Host));

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private static RpcFault Refuse(string message) => new(StatusCodes.Status403Forbidden, RpcFault.ServerError, message);
}
