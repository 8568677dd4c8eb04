using Engram.Api.Auth;
using Engram.Api.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Engram.Api.Tests;

/// <summary>A route as the host knows it.</summary>
internal sealed record ApiRoute(string Method, string Pattern, string? Scope, string? ExampleBody)
{
    public override string ToString() => $"{Method} {Pattern}";
}

/// <summary>Every route there is, out of the running host: a new one cannot be forgotten by the tests that walk them.</summary>
internal static class RouteCatalogue
{
    public static IReadOnlyList<ApiRoute> Of(ApiHost host) =>
    [
        .. host.Services.GetRequiredService<IEnumerable<EndpointDataSource>>()
            .SelectMany(source => source.Endpoints)
            .OfType<RouteEndpoint>()
            .SelectMany(
                endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? ["GET"],
                (endpoint, method) => new ApiRoute(
                    method,
                    "/" + endpoint.RoutePattern.RawText!.Trim('/'),
                    endpoint.Metadata.GetMetadata<RequiredScope>()?.Name,
                    endpoint.Metadata.GetMetadata<RouteExample>()?.Request))
            .Distinct(),
    ];

    /// <summary>Routes that ask for a key.</summary>
    public static IReadOnlyList<ApiRoute> BehindKey(ApiHost host)
    {
        var routes = Of(host).Where(route => route.Scope is not null).ToArray();
        Assert.True(routes.Length >= 18, $"Only {routes.Length} routes were found behind a key: the walk is broken.");
        return routes;
    }

    public static HttpRequestMessage RequestFor(ApiRoute route, string bucket, string id, string? body = null)
    {
        var path = route.Pattern.Replace("{bucket}", Uri.EscapeDataString(bucket), StringComparison.Ordinal)
            .Replace("{id}", Uri.EscapeDataString(id), StringComparison.Ordinal)
            .Replace("{role}", "synthesize", StringComparison.Ordinal);
        Assert.DoesNotContain("{", path, StringComparison.Ordinal);
        var request = new HttpRequestMessage(new HttpMethod(route.Method), path);
        if ((body ?? route.ExampleBody) is { } json)
            request.Content = Wire.Json(json);
        return request;
    }
}
