using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Engram.McpServer.Transport;
using Microsoft.Net.Http.Headers;

namespace Engram.McpServer.Auth;

/// <summary>Reads the API key of a request (<c>Authorization: Bearer</c>, or <c>X-API-Key</c>) and finds out who calls.</summary>
internal sealed class CallerAuthentication(ApiKeyAuthenticator keys)
{
    private const string Scheme = "Bearer ";

    public async ValueTask<(Principal? Caller, RpcFault? Fault)> AuthenticateAsync(HttpContext context, OpTimer timer)
    {
        using (timer.Measure(Hop.AuthDecode))
        {
            var outcome = await keys.AuthenticateAsync(ReadKey(context.Request), context.RequestAborted);
            if (outcome.Principal is { } principal)
            {
                return (principal, null);
            }

            if (outcome.Failure == KeyFailure.Missing)
            {
                context.Response.Headers.WWWAuthenticate = "Bearer realm=\"engram\"";
                return (null, Refuse("An API key is required: send 'Authorization: Bearer eng_live_...'."));
            }

            // Not which of the reasons: that would tell a guesser what exists.
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"engram\", error=\"invalid_token\"";
            return (null, Refuse("The API key is not valid: it is mistyped, revoked or expired."));
        }
    }

    private static string? ReadKey(HttpRequest request)
    {
        string? authorization = request.Headers[HeaderNames.Authorization];
        return authorization is not null && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? authorization[Scheme.Length..].Trim()
            : McpHeaders.Read(request, "X-API-Key");
    }

    private static RpcFault Refuse(string message) => new(StatusCodes.Status401Unauthorized, RpcFault.ServerError, message);
}
