using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

public static class ResourceBuilderExtensions
{
    public static IResourceBuilder<T> WithAnnotation<T>(this IResourceBuilder<T> builder, IResourceAnnotation annotation)
        where T : IResource
    {
        builder.Resource.Annotations.Add(annotation);
        return builder;
    }

    public static IResourceBuilder<T> WithArgs<T>(this IResourceBuilder<T> builder, params string[] args)
        where T : IResourceWithArgs => builder.WithAnnotation(new ArgumentsAnnotation(args));

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, string? value)
        where T : IResourceWithEnvironment => builder.WithVariable(name, _ => ValueTask.FromResult(value));

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, in ReferenceExpression.ExpressionInterpolatedStringHandler value)
        where T : IResourceWithEnvironment => builder.WithEnvironment(name, ReferenceExpression.Create(value));

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, ReferenceExpression value)
        where T : IResourceWithEnvironment => builder.WithVariable(name, value.GetValueAsync);

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, EndpointReference endpointReference)
        where T : IResourceWithEnvironment => builder.WithVariable(name, endpointReference.GetValueAsync);

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string name, IResourceBuilder<ParameterResource> parameter)
        where T : IResourceWithEnvironment => builder.WithVariable(name, parameter.Resource.GetValueAsync);

    public static IResourceBuilder<T> WithEnvironment<T>(this IResourceBuilder<T> builder, string envVarName, IResourceBuilder<IResourceWithConnectionString> resource)
        where T : IResourceWithEnvironment => builder.WithVariable(envVarName, resource.Resource.GetConnectionStringAsync);

    /// <summary><c>ConnectionStrings__{name}</c>.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithConnectionString> source, string? connectionName = null, bool optional = false)
        where TDestination : IResourceWithEnvironment =>
        builder.WithAnnotation(new EnvironmentAnnotation(async (variables, ct) =>
        {
            var value = await source.Resource.GetConnectionStringAsync(ct);
            if (!string.IsNullOrEmpty(value))
            {
                variables[$"ConnectionStrings__{connectionName ?? source.Resource.Name}"] = value;
            }
            else if (!optional)
            {
                throw new DistributedApplicationException($"The connection string '{source.Resource.Name}' that '{builder.Resource.Name}' refers to has no value.");
            }
        }));

    /// <summary><c>services__{name}__{endpoint}__{n}</c> and <c>{NAME}_{ENDPOINT}</c> for every endpoint of the source.</summary>
    public static IResourceBuilder<TDestination> WithReference<TDestination>(
        this IResourceBuilder<TDestination> builder, IResourceBuilder<IResourceWithServiceDiscovery> source)
        where TDestination : IResourceWithEnvironment =>
        builder.WithAnnotation(new EnvironmentAnnotation((variables, _) =>
        {
            foreach (var annotation in source.Resource.Annotations.OfType<EndpointAnnotation>())
            {
                var endpoint = new EndpointReference(source.Resource, annotation.Name);
                variables[$"{VariableName(source.Resource.Name)}_{VariableName(annotation.Name)}"] = endpoint.Url;
                for (var n = 0; n < annotation.AllocatedPorts.Count; n++)
                {
                    variables[$"services__{source.Resource.Name}__{annotation.Name}__{n}"] = endpoint.UrlOf(annotation.AllocatedPorts[n]);
                }
            }

            return ValueTask.CompletedTask;
        }));

    public static EndpointReference GetEndpoint<T>(this IResourceBuilder<T> builder, string name)
        where T : IResourceWithEndpoints => new(builder.Resource, name);

    public static IResourceBuilder<T> WithHttpEndpoint<T>(this IResourceBuilder<T> builder, int? port = null, string? name = null, string? env = null)
        where T : IResourceWithEndpoints
    {
        var existing = builder.Resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(endpoint => endpoint.Name == (name ?? "http"));
        if (existing is not null)
        {
            throw new DistributedApplicationException($"'{builder.Resource.Name}' has an endpoint '{existing.Name}' already (from its launch settings or the model).");
        }

        return builder.WithAnnotation(new EndpointAnnotation(name ?? "http", "http", port) { PortVariable = env });
    }

    /// <summary>Mapped: everything is on the loopback interface of this machine here.</summary>
    public static IResourceBuilder<T> WithExternalHttpEndpoints<T>(this IResourceBuilder<T> builder)
        where T : IResourceWithEndpoints => builder;

    /// <summary>Waits until the dependency runs and is healthy. Waiting for a database waits for its server.</summary>
    public static IResourceBuilder<T> WaitFor<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency)
        where T : IResourceWithWaitSupport => builder.WithAnnotation(new WaitAnnotation(dependency.Resource, WaitType.UntilHealthy));

    public static IResourceBuilder<T> WaitForCompletion<T>(this IResourceBuilder<T> builder, IResourceBuilder<IResource> dependency, int exitCode = 0)
        where T : IResourceWithWaitSupport => builder.WithAnnotation(new WaitAnnotation(dependency.Resource, WaitType.UntilCompletion, exitCode));

    public static IResourceBuilder<T> WithHttpHealthCheck<T>(this IResourceBuilder<T> builder, string? path = null, int? statusCode = null, string? endpointName = null)
        where T : IResourceWithEndpoints => builder.WithAnnotation(new HttpHealthCheckAnnotation(path ?? "/", statusCode ?? 200, endpointName));

    public static IResourceBuilder<T> WithUrl<T>(this IResourceBuilder<T> builder, in ReferenceExpression.ExpressionInterpolatedStringHandler url, string? displayText = null)
        where T : IResource => builder.WithUrl(ReferenceExpression.Create(url), displayText);

    /// <summary>A link in the resource table; with a text it is in the endpoints file too, as <c>{resource}_{text}</c>.</summary>
    public static IResourceBuilder<T> WithUrl<T>(this IResourceBuilder<T> builder, ReferenceExpression url, string? displayText = null)
        where T : IResource => builder.WithAnnotation(new UrlAnnotation(url, displayText));

    internal static string VariableName(string name) => name.ToUpperInvariant().Replace('-', '_');

    private static IResourceBuilder<T> WithVariable<T>(this IResourceBuilder<T> builder, string name, Func<CancellationToken, ValueTask<string?>> value)
        where T : IResource =>
        builder.WithAnnotation(new EnvironmentAnnotation(async (variables, ct) => variables[name] = await value(ct)));
}
