namespace Aspire.Hosting.ApplicationModel;

/// <summary>Environment variables; evaluated when the resource starts, when ports and parameters are known.</summary>
internal sealed record EnvironmentAnnotation(Func<IDictionary<string, string?>, CancellationToken, ValueTask> Apply) : IResourceAnnotation;

internal sealed record ArgumentsAnnotation(IReadOnlyList<string> Arguments) : IResourceAnnotation;

internal sealed record ReplicaAnnotation(int Replicas) : IResourceAnnotation;

internal sealed record ImageAnnotation(string Image) : IResourceAnnotation;

internal sealed record DataVolumeAnnotation(string? Name) : IResourceAnnotation;

internal enum WaitType
{
    UntilHealthy,
    UntilCompletion,
}

internal sealed record WaitAnnotation(IResource Dependency, WaitType Type, int ExitCode = 0) : IResourceAnnotation;

internal sealed record HttpHealthCheckAnnotation(string Path, int StatusCode, string? EndpointName) : IResourceAnnotation;

internal sealed record UrlAnnotation(ReferenceExpression Url, string? DisplayText) : IResourceAnnotation;

/// <summary>Which built program a project resource is.</summary>
internal sealed record ProjectAnnotation(IProjectMetadata Metadata) : IResourceAnnotation;

/// <summary>An endpoint, and the port it has got.</summary>
public sealed class EndpointAnnotation(string name, string uriScheme, int? port) : IResourceAnnotation
{
    public string Name { get; } = name;

    public string UriScheme { get; } = uriScheme;

    /// <summary>The wanted port, or null for any.</summary>
    public int? Port { get; } = port;

    /// <summary>The environment variable that gets the port, for programs that read no ASPNETCORE_URLS.</summary>
    internal string? PortVariable { get; init; }

    internal string Host { get; set; } = "localhost";

    /// <summary>One port per replica; empty until the application starts.</summary>
    internal IReadOnlyList<int> AllocatedPorts { get; set; } = [];
}
