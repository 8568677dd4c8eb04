using System.Collections.Frozen;
using Engram.Engine.Latency;
using Microsoft.AspNetCore.Mvc;

namespace Engram.Api.Http;

/// <summary>
/// Around every handler: refuses query parameters the route does not know (a mistyped <c>dry_run</c> must not delete), and writes results
/// so that the time of serializing them can be told in the header that precedes them.
/// </summary>
internal static class RouteFilter
{
    public static TBuilder WithRouteFilter<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.AddEndpointFilterFactory((factory, next) =>
        {
            var known = factory.MethodInfo.GetParameters()
                .SelectMany(parameter => parameter.GetCustomAttributes(typeof(FromQueryAttribute), false).Cast<FromQueryAttribute>())
                .Select(query => query.Name!)
                .ToFrozenSet(StringComparer.Ordinal);
            return context => InvokeAsync(context, next, known);
        });

    private static async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next, FrozenSet<string> known)
    {
        var context = invocation.HttpContext;
        if (context.Request.QueryString.HasValue && UnknownParameter(context.Request.Query, known) is { } refusal)
            return refusal;

        var result = await next(invocation);
        while (result is INestedHttpResult nested)
            result = nested.Result;
        if (result is IValueHttpResult { Value: { } answer } && !ResponseShapes.IsRight(answer))
            context.Features.Get<OpTimer>()!.Fail(OpOutcome.ShapeFail, null);
        if (result is IStatusCodeHttpResult { StatusCode: StatusCodes.Status200OK } and IValueHttpResult { Value: { } value } and not IFileHttpResult)
            return new BufferedJson(value);
        return result;
    }

    private static Problem? UnknownParameter(IQueryCollection query, FrozenSet<string> known)
    {
        foreach (var (name, values) in query)
        {
            if (!known.Contains(name))
            {
                var list = known.Count == 0 ? "This route takes none." : $"Known are: {string.Join(", ", known.Order(StringComparer.Ordinal))}.";
                return Problems.Invalid(name, $"Is not a known query parameter. {list}");
            }

            if (values.Count > 1)
                return Problems.Invalid(name, "Is given more than once.");
        }

        return null;
    }
}
