using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text;
using Engram.Api.Http;
using Microsoft.Extensions.Options;

namespace Engram.Api.Auth;

/// <summary>Section <c>Engram:Operator</c>.</summary>
public sealed class OperatorOptions
{
    /// <summary>What the operator's routes (<c>/admin</c>) ask for, at least 32 characters. Left out: those routes answer nobody.</summary>
    [MinLength(32, ErrorMessage = "Engram:Operator:Secret is too short: at least 32 characters.")]
    public string? Secret { get; set; }
}

/// <summary>Metadata: the route is the operator's, who runs the deployment. No tenant's key opens it.</summary>
internal sealed record OperatorOnly;

/// <summary>Lets only the operator to routes that are the operator's; before any of the body is read.</summary>
internal static class OperatorAuthentication
{
    private const string BearerPrefix = "Bearer ";

    public static TBuilder RequireOperator<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new OperatorOnly());

    public static IApplicationBuilder UseOperatorAuthentication(this WebApplication app)
    {
        // Compared as digests: equal in length whatever was sent, so that the comparison takes the same time.
        var secret = app.Services.GetRequiredService<IOptions<OperatorOptions>>().Value.Secret;
        var expected = secret is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(secret));
        return app.Use(next => context =>
            context.GetEndpoint()?.Metadata.GetMetadata<OperatorOnly>() is null || IsOperator(context.Request, expected)
                ? next(context)
                : Problems.NotTheOperator().ExecuteAsync(context));
    }

    private static bool IsOperator(HttpRequest request, byte[]? expected) =>
        expected is not null
        && request.Headers.Authorization is [{ } value] && value.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase)
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(value[BearerPrefix.Length..].Trim())), expected);
}
