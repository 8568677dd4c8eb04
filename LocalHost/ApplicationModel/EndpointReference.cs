using System.Globalization;

namespace Aspire.Hosting.ApplicationModel;

public enum EndpointProperty
{
    Url,
    Host,
    IPV4Host,
    Port,
    Scheme,
    TargetPort,
    HostAndPort,
}

/// <summary>An endpoint of a resource by name; its value is the URL.</summary>
public sealed class EndpointReference(IResourceWithEndpoints owner, string endpointName) : IValueProvider, IManifestExpressionProvider
{
    public IResourceWithEndpoints Resource { get; } = owner;

    public string EndpointName { get; } = endpointName;

    public string ValueExpression => $"{{{Resource.Name}.bindings.{EndpointName}.url}}";

    public string Host => Annotation.Host;

    public int Port => Annotation.AllocatedPorts.Count > 0
        ? Annotation.AllocatedPorts[0]
        : throw new DistributedApplicationException($"The endpoint '{EndpointName}' of '{Resource.Name}' has no port yet: the application is not started.");

    public string Scheme => Annotation.UriScheme;

    public string Url => UrlOf(Port);

    public bool Exists => Resource.Annotations.OfType<EndpointAnnotation>().Any(HasName);

    internal EndpointAnnotation Annotation => Resource.Annotations.OfType<EndpointAnnotation>().FirstOrDefault(HasName)
        ?? throw new DistributedApplicationException(
            $"'{Resource.Name}' has no endpoint '{EndpointName}'. It has: {string.Join(", ", Resource.Annotations.OfType<EndpointAnnotation>().Select(endpoint => endpoint.Name))}.");

    public EndpointReferenceExpression Property(EndpointProperty property) => new(this, property);

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(Url);

    internal string UrlOf(int port) => $"{Scheme}://{Host}:{port.ToString(CultureInfo.InvariantCulture)}";

    private bool HasName(EndpointAnnotation annotation) => string.Equals(annotation.Name, EndpointName, StringComparison.OrdinalIgnoreCase);
}

/// <summary>One property of an endpoint.</summary>
public sealed class EndpointReferenceExpression(EndpointReference endpoint, EndpointProperty property) : IValueProvider, IManifestExpressionProvider
{
    public EndpointReference Endpoint { get; } = endpoint;

    public EndpointProperty Property { get; } = property;

    public string ValueExpression => $"{{{Endpoint.Resource.Name}.bindings.{Endpoint.EndpointName}.{Property.ToString().ToLowerInvariant()}}}";

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default)
    {
        var port = Endpoint.Port.ToString(CultureInfo.InvariantCulture);
        return ValueTask.FromResult<string?>(Property switch
        {
            EndpointProperty.Url => Endpoint.Url,
            EndpointProperty.Host => Endpoint.Host,
            EndpointProperty.IPV4Host => Endpoint.Host == "localhost" ? "127.0.0.1" : Endpoint.Host,
            EndpointProperty.Scheme => Endpoint.Scheme,
            EndpointProperty.HostAndPort => $"{Endpoint.Host}:{port}",
            _ => port,
        });
    }
}
