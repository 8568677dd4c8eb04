using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost.Running;
using Microsoft.Extensions.Configuration;
using IHostEnvironment = Microsoft.Extensions.Hosting.IHostEnvironment;

namespace Aspire.Hosting;

internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly List<IResource> _resources = [];

    public DistributedApplicationBuilder(IReadOnlyList<string> args, Assembly? appHost)
    {
        AppHost = appHost;
        AppHostDirectory = HostOptions.AppHostDirectory(appHost);
        Options = HostOptions.Parse(args, appHost);
        Environment = new HostEnvironment(AppHostDirectory, appHost?.GetName().Name ?? "AppHost");
        Configuration.SetBasePath(AppHostDirectory)
            .AddJsonFile("appsettings.json", optional: true)
            .AddJsonFile($"appsettings.{Environment.EnvironmentName}.json", optional: true)
            .AddEnvironmentVariables()
            .AddCommandLine([.. Options.Rest]);
        Parameters = new ParameterValues(Configuration, Options.DataDirectory);
    }

    public ConfigurationManager Configuration { get; } = new();

    public IHostEnvironment Environment { get; }

    public string AppHostDirectory { get; }

    public ICollection<IResource> Resources => _resources;

    internal Assembly? AppHost { get; }

    internal HostOptions Options { get; }

    internal ParameterValues Parameters { get; }

    internal AppHostCapture? Capture { get; init; }

    public IResourceBuilder<T> AddResource<T>(T resource)
        where T : IResource
    {
        if (_resources.Exists(other => string.Equals(other.Name, resource.Name, StringComparison.OrdinalIgnoreCase)))
        {
            throw new DistributedApplicationException($"There are two resources named '{resource.Name}'.");
        }

        _resources.Add(resource);
        return new ResourceBuilder<T>(this, resource);
    }

    public DistributedApplication Build()
    {
        Capture?.Take(this);
        return new DistributedApplication(this, Console.Out);
    }

    internal DistributedApplication BuildForTest(string? temporaryData) => new(this, new StringWriter()) { TemporaryData = temporaryData };
}
