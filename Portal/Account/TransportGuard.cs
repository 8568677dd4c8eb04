using System.Net;
using Engram.Portal.Client;
using Microsoft.Extensions.Options;

namespace Engram.Portal.Account;

/// <summary>Whether a password may travel over this connection: https, the loopback address, or an operator who said so.</summary>
internal sealed class TransportGuard(IOptions<PortalOptions> options)
{
    public static readonly ApiProblem Refused = new(StatusCodes.Status403Forbidden, "https_required",
        "The portal takes no password over plain http from another machine. Open it over https, or set "
        + PortalOptions.Section + ":AllowPlainHttp to true on a network you trust.", null);

    public bool Allows(HttpContext context) =>
        context.Request.IsHttps || options.Value.AllowPlainHttp
        || (context.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address));
}
