using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engram.LocalHost.Running;

/// <summary>Runs one resource from its waiting to its end.</summary>
internal abstract class ResourceRunner(IResource resource, ResourceNotificationService states, ResourceConsole console)
{
    public IResource Resource { get; } = resource;

    protected ResourceConsole Console { get; } = console;

    protected ResourceNotificationService States { get; } = states;

    /// <summary>Runs until the resource ends by itself, gives up, or <paramref name="stop"/> asks for its end.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            if (await WaitForDependenciesAsync(stop))
            {
                await RunResourceAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Publish(KnownResourceStates.Exited);
        }
        catch (Exception e) when (e is LocalHostException or DistributedApplicationException)
        {
            Fail(e.Message);
        }
        catch (Exception e)
        {
            // A defect of the runner must show as this resource's failure, not as silence.
            Fail(e.ToString());
        }
    }

    protected abstract Task RunResourceAsync(CancellationToken stop);

    /// <summary>The resources whose state this runner knows: its own, and those that live in it.</summary>
    protected virtual IEnumerable<IResource> Published => [Resource];

    protected void Publish(string state, HealthStatus? health = null, int? exitCode = null, string? detail = null)
    {
        foreach (var published in Published)
        {
            States.Publish(published.Name, new CustomResourceSnapshot { State = state, HealthStatus = health, ExitCode = exitCode, Detail = detail });
        }
    }

    protected void Say(string text) => Console.Line(Resource.Name, text);

    protected void Fail(string reason)
    {
        Console.Error($"{Resource.Name}: {reason}");
        Publish(KnownResourceStates.FailedToStart, detail: reason);
    }

    private async Task<bool> WaitForDependenciesAsync(CancellationToken stop)
    {
        var waits = Resource.Annotations.OfType<WaitAnnotation>().ToList();
        var open = waits.Where(wait => !IsMet(wait, States.Get(wait.Dependency.Name))).Select(wait => wait.Dependency.Name).ToList();
        if (open.Count > 0)
        {
            Publish(KnownResourceStates.Waiting);
            Say($"waiting for {string.Join(", ", open)}");
        }

        foreach (var wait in waits)
        {
            var snapshot = await States.WaitAsync(wait.Dependency.Name, current => IsMet(wait, current) || current.IsOver, stop);
            if (!IsMet(wait, snapshot))
            {
                Fail($"not started, because {wait.Dependency.Name} is not there: {ResourceNotificationService.Describe(snapshot)}");
                return false;
            }
        }

        return true;
    }

    private static bool IsMet(WaitAnnotation wait, CustomResourceSnapshot dependency) => wait.Type == WaitType.UntilCompletion
        ? dependency.State == KnownResourceStates.Finished && dependency.ExitCode == wait.ExitCode
        : dependency.IsHealthy;
}
