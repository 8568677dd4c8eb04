using System.Diagnostics;
using Engram.Api.Http;
using Engram.Engine.Keys;
using Engram.Engine.Latency;
using Microsoft.Extensions.Primitives;

namespace Engram.Api.Auth;

/// <summary>
/// Authenticates requests to routes that ask for a key, checks the scope, and applies the limits; before any of the body is read. One
/// middleware instead of the framework's schemes and policies: it is on every request's path, and there is one way to authenticate.
/// </summary>
public static class KeyAuthentication
{
    private const string BearerPrefix = "Bearer ";

    public static IApplicationBuilder UseKeyAuthentication(this WebApplication app)
    {
        var authenticator = app.Services.GetRequiredService<ApiKeyAuthenticator>();
        var limits = app.Services.GetRequiredService<CallerLimits>();
        return app.Use(next => context =>
            context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>() is { } required
                ? InvokeAsync(context, next, required, authenticator, limits)
                : next(context));
    }

    private static async Task InvokeAsync(
        HttpContext context, RequestDelegate next, RequiredScope required, ApiKeyAuthenticator authenticator, CallerLimits limits)
    {
        var timer = context.Features.Get<OpTimer>()!;
        var started = Stopwatch.GetTimestamp();
        var (principal, _) = await authenticator.AuthenticateAsync(PresentedKey(context.Request.Headers), context.RequestAborted);
        timer.Add(Hop.AuthDecode, started, Stopwatch.GetTimestamp());
        if (principal is null)
        {
            await Problems.Unauthenticated().ExecuteAsync(context);
            return;
        }

        // Set before the limits and the scope: what they refuse is an operation of this tenant as well.
        context.Features.Set(new Caller(principal, timer) { Address = context.Connection.RemoteIpAddress, ReplyHeaders = context.Response.Headers });
        using var permit = limits.Acquire(principal);
        if (permit.Refusal is { } refusal)
        {
            await Problems.RateLimited(refusal, permit.RetryAfter).ExecuteAsync(context);
            return;
        }

        if (!principal.Has(required.Scope))
        {
            await Problems.InsufficientScope(required.Name).ExecuteAsync(context);
            return;
        }

        await next(context);
    }

    /// <summary>The bearer token, or the older header. Two different keys at once are none: it is not ours to choose.</summary>
    private static string? PresentedKey(IHeaderDictionary headers)
    {
        var authorization = headers.Authorization;
        var apiKey = headers["X-API-Key"];
        if (authorization.Count + apiKey.Count == 0)
            return null;
        var bearer = authorization is [{ } value] && value.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase)
            ? value[BearerPrefix.Length..].Trim()
            : null;
        return (bearer, apiKey) switch
        {
            ({ } token, []) => token,
            (null, [{ } key]) when StringValues.IsNullOrEmpty(authorization) => key.Trim(),
            ({ } token, [{ } key]) when token == key.Trim() => token,
            _ => null,
        };
    }
}
