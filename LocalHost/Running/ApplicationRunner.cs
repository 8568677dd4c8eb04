using System.Diagnostics;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engram.LocalHost.Running;

/// <summary>Starts all resources, each when what it waits for is there, and stops them: users of the database first.</summary>
internal sealed class ApplicationRunner(DistributedApplicationBuilder model, ResourceNotificationService states, ResourceConsole console) : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(ResourceRunner Runner, Task Run)> _running = [];
    private readonly Lock _gate = new();
    private FolderLock? _lock;
    private Task? _stopped;

    /// <summary>Whether the resource is something that runs, and so has a state and lines of its own.</summary>
    public static bool Runs(IResource resource) => resource is ProjectResource or PostgresServerResource;

    /// <summary>Resolves parameters and ports, whose failures are the whole application's, and starts everything; does not wait for health.</summary>
    public async Task StartAsync(CancellationToken ct)
    {
        var options = model.Options;
        Directory.CreateDirectory(options.DataDirectory);
        _lock = FolderLock.TryTake(Path.Combine(options.DataDirectory, "apphost.lock"))
            ?? throw new LocalHostException(
                $"The data folder {options.DataDirectory} is in use by another AppHost. Stop that one, or give this one a folder of its own: --data DIR");
        if (options.EndpointsFile is { } stale)
        {
            File.Delete(stale);
        }

        console.Host($"state is kept in {options.DataDirectory}");
        foreach (var parameter in model.Resources.OfType<ParameterResource>())
        {
            await parameter.GetValueAsync(ct);
        }

        PortAllocator.Allocate(model.Resources.OfType<ProjectResource>(), options.Ports);
        foreach (var resource in model.Resources)
        {
            // A connection string is text: it is there as soon as what it is made of.
            states.Publish(resource.Name, Runs(resource) || resource is PostgresDatabaseResource
                ? new CustomResourceSnapshot()
                : new CustomResourceSnapshot { State = KnownResourceStates.Running, HealthStatus = HealthStatus.Healthy });
        }

        var environment = new ProjectEnvironment(model.Configuration);
        foreach (var resource in model.Resources)
        {
            ResourceRunner? runner = resource switch
            {
                ProjectResource project => new ProjectRunner(project, IsJob(project), environment, states, console),
                PostgresServerResource postgres => new PostgresRunner(WithGivenServer(postgres), options.DataDirectory, states, console),
                _ => null,
            };
            if (runner is not null)
            {
                _running.Add((runner, Task.Run(() => runner.RunAsync(_stop.Token), CancellationToken.None)));
            }
        }
    }

    /// <summary>Waits until all services are healthy and all jobs are done, then reports where everything is.</summary>
    /// <exception cref="LocalHostException">One of them never will be.</exception>
    public async Task WhenStartedAsync(CancellationToken ct)
    {
        // The first failure counts, whichever resource it is: the others may wait for ever.
        var starts = model.Resources.Where(Runs).Select(resource => WhenStartedAsync(resource, ct)).ToList();
        while (starts.Count > 0)
        {
            var started = await Task.WhenAny(starts);
            starts.Remove(started);
            await started;
        }

        var seconds = (DateTime.Now - Process.GetCurrentProcess().StartTime).TotalSeconds;
        var report = await EndpointsReport.MakeAsync(model, ct);
        console.Block(report.Table(seconds));
        if (model.Options.EndpointsFile is { } file)
        {
            report.WriteFile(file);
        }
    }

    private async Task WhenStartedAsync(IResource resource, CancellationToken ct)
    {
        var isJob = resource is ProjectResource project && IsJob(project);
        var snapshot = await states.WaitAsync(resource.Name, current => (current.IsHealthy && !isJob) || current.IsOver, ct);
        if (!snapshot.IsHealthy && snapshot is not { State: KnownResourceStates.Finished, ExitCode: 0 })
        {
            throw new LocalHostException($"The application did not start: {resource.Name}: {ResourceNotificationService.Describe(snapshot)}");
        }
    }

    /// <summary>Stops everything once; later calls wait for the same end.</summary>
    public Task StopAsync()
    {
        lock (_gate)
        {
            return _stopped ??= StopAllAsync();
        }
    }

    public void Dispose()
    {
        _stop.Dispose();
        _lock?.Dispose();
    }

    private async Task StopAllAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running.Select(entry => entry.Run));
        foreach (var (runner, _) in _running)
        {
            if (runner is PostgresRunner postgres)
            {
                await postgres.StopServerAsync();
            }
        }

        if (_running.Count > 0)
        {
            console.Host("everything is stopped");
        }

        if (_lock is not null && model.Options.EndpointsFile is { } file)
        {
            File.Delete(file);
        }

        _lock?.Dispose();
    }

    private bool IsJob(ProjectResource project) =>
        model.Resources.SelectMany(resource => resource.Annotations.OfType<WaitAnnotation>())
            .Any(wait => wait.Type == WaitType.UntilCompletion && ReferenceEquals(wait.Dependency, project));

    private PostgresServerResource WithGivenServer(PostgresServerResource postgres)
    {
        var given = model.Configuration.GetConnectionString(postgres.Name) ?? Environment.GetEnvironmentVariable("ENGRAM_POSTGRES");
        if (!string.IsNullOrEmpty(given))
        {
            postgres.GivenConnectionString = given;
        }

        return postgres;
    }
}
