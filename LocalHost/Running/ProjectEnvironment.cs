using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost.Processes;
using Microsoft.Extensions.Configuration;

namespace Engram.LocalHost.Running;

/// <summary>The command line and the environment of a project, as Aspire would give them.</summary>
internal sealed class ProjectEnvironment(IConfiguration configuration)
{
    /// <summary>
    /// Of the AppHost's own environment a service must not see what is meant for the AppHost: its addresses, its launch profile, and
    /// the secrets handed to it, of which each service gets the ones the model gives it.
    /// </summary>
    private static readonly string[] NotInherited = ["ASPNETCORE_", "ASPIRE_", "DOTNET_LAUNCH_PROFILE", "DOTNET_URLS", "ConnectionStrings__", "Parameters__", "ENGRAM_POSTGRES", "MSBUILD", "MSBuild"];

    public async Task<ChildProcessSpec> DescribeAsync(ProjectResource project, int replica, CancellationToken ct)
    {
        var metadata = project.Annotations.OfType<ProjectAnnotation>().Single().Metadata;
        if (!File.Exists(metadata.TargetPath))
        {
            throw new LocalHostException($"{metadata.TargetPath} is not built. Build the AppHost (`dotnet build AppHost`), which builds every project it refers to.");
        }

        var settings = project.Annotations.OfType<LaunchSettings>().Single();
        var given = project.Annotations.OfType<ArgumentsAnnotation>().SelectMany(annotation => annotation.Arguments).ToList();
        return new ChildProcessSpec(DotnetProgram.Path, ["exec", metadata.TargetPath, .. given.Count > 0 ? given : settings.Arguments])
        {
            WorkingDirectory = Path.GetDirectoryName(metadata.ProjectPath),
            Environment = await VariablesAsync(project, replica, settings, ct),
        };
    }

    private async Task<Dictionary<string, string?>> VariablesAsync(ProjectResource project, int replica, LaunchSettings settings, CancellationToken ct)
    {
        var variables = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (string name in Environment.GetEnvironmentVariables().Keys)
        {
            if (NotInherited.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
            {
                variables[name] = null;
            }
        }

        foreach (var (name, value) in settings.Environment)
        {
            variables[name] = value;
        }

        var urls = new List<string>();
        foreach (var endpoint in project.Annotations.OfType<EndpointAnnotation>())
        {
            var port = endpoint.AllocatedPorts[replica];
            if (endpoint.PortVariable is { } variable)
            {
                variables[variable] = port.ToString(CultureInfo.InvariantCulture);
            }
            else
            {
                urls.Add(new EndpointReference(project, endpoint.Name).UrlOf(port));
            }
        }

        if (urls.Count > 0)
        {
            variables["ASPNETCORE_URLS"] = string.Join(';', urls);
        }

        AddTelemetry(variables, project.Name, replica);
        foreach (var annotation in project.Annotations.OfType<EnvironmentAnnotation>().ToList())
        {
            await annotation.Apply(variables, ct);
        }

        return variables;
    }

    /// <summary>The exporter's address and headers are inherited; here is who speaks.</summary>
    private void AddTelemetry(Dictionary<string, string?> variables, string name, int replica)
    {
        if (!string.IsNullOrEmpty(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            variables["OTEL_SERVICE_NAME"] = name;
            variables["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={name}-{replica.ToString(CultureInfo.InvariantCulture)}";
        }
    }
}
