using Engram.Portal.Account;
using Microsoft.AspNetCore.Components.Authorization;

namespace Engram.Portal.Client;

/// <summary>
/// The bearer of the person this scope serves: a circuit and a rendered page take it from their authentication state,
/// an endpoint outside the components says it with <see cref="Use"/>.
/// </summary>
public sealed class SessionToken(AuthenticationStateProvider authentication)
{
    private string? explicitToken;
    private bool isExplicit;

    public void Use(string? token)
    {
        explicitToken = token;
        isExplicit = true;
    }

    internal async ValueTask<string?> GetAsync() => isExplicit
        ? explicitToken
        : PortalSession.From((await authentication.GetAuthenticationStateAsync()).User)?.Token;
}
