using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.Extensions.Options;

namespace Engram.McpServer.Transport;

/// <summary>
/// CORS for clients that run in a page: the origins that <see cref="HostAndOrigin"/> lets in may ask beforehand, and read the headers the protocol needs.
/// No cookies: a page sends its credential itself.
/// </summary>
internal sealed class BrowserAccess(HostAndOrigin hostAndOrigin) : IConfigureOptions<CorsOptions>
{
    private static readonly TimeSpan PreflightHolds = TimeSpan.FromMinutes(10);

    public void Configure(CorsOptions options) => options.AddDefaultPolicy(policy => policy
        .SetIsOriginAllowed(hostAndOrigin.MayRead)
        .WithMethods(HttpMethods.Get, HttpMethods.Post, HttpMethods.Delete)
        .AllowAnyHeader()
        .WithExposedHeaders(McpHeaders.SessionId, McpHeaders.ProtocolVersion, "WWW-Authenticate", "Retry-After", "X-Request-Id")
        .SetPreflightMaxAge(PreflightHolds));
}
