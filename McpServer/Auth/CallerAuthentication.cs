using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Engram.McpServer.Transport;
using Microsoft.Net.Http.Headers;
using Npgsql;

namespace Engram.McpServer.Auth;

/// <summary>
/// Finds out who calls: by an API key (<c>Authorization: Bearer</c>, or <c>X-API-Key</c>), or by an access token where an issuer is configured.
/// Only headers are read: a credential in a URL ends up in logs.
/// </summary>
internal sealed class CallerAuthentication(ApiKeyAuthenticator keys, AccessTokens tokens, ProtectedResource resource, ILogger<CallerAuthentication> logger)
{
    private const string Scheme = "Bearer ";

    public async ValueTask<(Credential? Credential, RpcFault? Fault)> AuthenticateAsync(HttpContext context, OpTimer timer)
    {
        using (timer.Measure(Hop.AuthDecode))
        {
            var presented = ReadCredential(context.Request);
            if (tokens.Enabled && presented is not null && AccessTokens.LooksLikeToken(presented))
            {
                return await ReadTokenAsync(context, presented);
            }

            var outcome = await keys.AuthenticateAsync(presented, context.RequestAborted);
            if (outcome.Principal is { } principal)
            {
                return (new Credential(principal, TokenExpiresAt: null) { Presented = presented! }, null);
            }

            if (outcome.Failure == KeyFailure.Missing)
            {
                resource.ChallengeForCredentials(context.Response);
                return (null, Refuse(tokens.Enabled
                    ? "Credentials are required: an access token of the issuer that WWW-Authenticate leads to, or an API key, as 'Authorization: Bearer ...'."
                    : "An API key is required: send 'Authorization: Bearer eng_live_...'."));
            }

            // Not which of the reasons: that would tell a guesser what exists.
            resource.ChallengeForOthers(context.Response);
            return (null, Refuse("The API key is not valid: it is mistyped, revoked or expired."));
        }
    }

    /// <summary>
    /// Who the credential that a stream was opened with stands for now: streams live for hours, and meanwhile a key may be revoked or allowed less, or a
    /// tenant deleted. Null where it would not be let in any more, the caller of then where nobody can tell.
    /// </summary>
    public async ValueTask<Principal?> AgainAsync(Credential credential, CancellationToken ct)
    {
        try
        {
            var now = credential.TokenExpiresAt is null
                ? (await keys.AuthenticateAsync(credential.Presented, ct)).Principal
                : (await tokens.ReadAsync(credential.Presented, ct)).Credential?.Caller;
            return now?.KeyId == credential.Caller.KeyId ? now : null;
        }
        catch (Exception ex) when (ex is NpgsqlException or IssuerUnavailableException)
        {
            return credential.Caller;
        }
    }

    private async ValueTask<(Credential? Credential, RpcFault? Fault)> ReadTokenAsync(HttpContext context, string token)
    {
        try
        {
            var (credential, fault) = await tokens.ReadAsync(token, context.RequestAborted);
            if (credential is not null)
            {
                return (credential, null);
            }

            Log.TokenRefused(logger, fault);
            var expired = fault == TokenFault.Expired;
            resource.ChallengeForOthers(context.Response, expired ? "The access token expired" : "The access token is not one for this server");
            return (null, Refuse(expired ? "The access token expired: refresh it." : "The access token is not valid for this server."));
        }
        catch (IssuerUnavailableException)
        {
            context.Response.Headers.RetryAfter = "5";
            return (null, new RpcFault(StatusCodes.Status503ServiceUnavailable, RpcFault.ServerError,
                "The access token cannot be checked: its issuer does not answer. Try again shortly."));
        }
    }

    private static string? ReadCredential(HttpRequest request)
    {
        string? authorization = request.Headers[HeaderNames.Authorization];
        return authorization is not null && authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? authorization[Scheme.Length..].Trim()
            : McpHeaders.Read(request, "X-API-Key");
    }

    private static RpcFault Refuse(string message) => new(StatusCodes.Status401Unauthorized, RpcFault.ServerError, message);
}
