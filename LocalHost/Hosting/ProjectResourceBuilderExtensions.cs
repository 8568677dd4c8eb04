using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost.Running;

namespace Aspire.Hosting;

public static class ProjectResourceBuilderExtensions
{
    /// <summary>A project of the solution with the endpoints and environment of its launch settings.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, string name)
        where TProject : IProjectMetadata, new() => builder.AddProject<TProject>(name, static _ => { });

    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, string name, Action<ProjectResourceOptions> configure)
        where TProject : IProjectMetadata, new()
    {
        var options = new ProjectResourceOptions();
        configure(options);
        var metadata = new TProject();
        var project = builder.AddResource(new ProjectResource(name)).WithAnnotation(new ProjectAnnotation(metadata));
        var settings = options.ExcludeLaunchProfile ? LaunchSettings.None : LaunchSettings.Read(metadata.ProjectPath);
        foreach (var url in settings.ApplicationUrls)
        {
            project.WithAnnotation(new EndpointAnnotation(url.Scheme, url.Scheme, url.Port));
        }

        return project.WithAnnotation(settings);
    }

    /// <summary>Mapped: there is no load balancer here, so the first replica has the endpoint's port and the others one of their own each.</summary>
    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas) =>
        builder.WithAnnotation(new ReplicaAnnotation(replicas));
}

/// <summary>How a project is taken into the model.</summary>
public sealed class ProjectResourceOptions
{
    /// <summary>Takes no endpoints, environment or arguments from the launch settings.</summary>
    public bool ExcludeLaunchProfile { get; set; }
}
