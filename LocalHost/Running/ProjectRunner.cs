using System.Diagnostics;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Engram.LocalHost.Processes;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Engram.LocalHost.Running;

/// <summary>
/// Runs a project in its replicas, restarts what crashes, watches its health. A job is a project whose completion another resource
/// waits for: it runs once, and its exit code counts.
/// </summary>
internal sealed class ProjectRunner(ProjectResource project, bool isJob, ProjectEnvironment environment, ResourceNotificationService states, ResourceConsole console)
    : ResourceRunner(project, states, console)
{
    private readonly Lock _gate = new();
    private HealthStatus?[] _health = [];
    private Stopwatch? _starting;

    protected override async Task RunResourceAsync(CancellationToken stop)
    {
        var count = project.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;
        _health = new HealthStatus?[count];
        Publish(KnownResourceStates.Starting);
        var ends = await Task.WhenAll(Enumerable.Range(0, count).Select(replica => RunReplicaAsync(replica, stop)));
        if (stop.IsCancellationRequested)
        {
            Publish(KnownResourceStates.Exited);
            return;
        }

        var worst = ends.Max(Math.Abs);
        if (isJob || worst == 0)
        {
            Say(worst == 0 ? "finished" : $"FAILED with exit code {worst}");
            Publish(KnownResourceStates.Finished, exitCode: worst, detail: worst == 0 ? null : $"{Resource.Name} ended with exit code {worst}, see its lines above");
        }
        else
        {
            Fail($"crashed {RestartPolicy.MostCrashes} times within {RestartPolicy.Window.TotalSeconds:0} s (exit code {worst}), given up; see its lines above");
        }
    }

    /// <returns>The exit code of the last run.</returns>
    private async Task<int> RunReplicaAsync(int replica, CancellationToken stop)
    {
        var policy = new RestartPolicy();
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var exitCode = await RunOnceAsync(replica, stop);
            if (stop.IsCancellationRequested || isJob || (exitCode == 0 && !IsService))
            {
                return exitCode;
            }

            var pause = policy.Crashed(clock.Elapsed);
            if (pause is null)
            {
                return exitCode == 0 ? -1 : exitCode;
            }

            Console.Error($"{Resource.Name} ended unexpectedly (exit code {exitCode}), starting it again in {pause.Value.TotalSeconds.ToString("0.##", CultureInfo.InvariantCulture)} s");
            SetHealth(replica, null);
            await Task.Delay(pause.Value, stop);
        }
    }

    private bool IsService => project.Annotations.OfType<EndpointAnnotation>().Any();

    private async Task<int> RunOnceAsync(int replica, CancellationToken stop)
    {
        var spec = await environment.DescribeAsync(project, replica, stop);
        var name = _health.Length == 1 ? "" : $"[{replica}] ";
        _starting = Stopwatch.StartNew();
        using var child = ChildProcess.Start(spec, line => Say(name + line));
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var probing = ProbeAsync(replica, ended.Token);
        try
        {
            return await child.Exited.WaitAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return await child.StopAsync();
        }
        finally
        {
            await ended.CancelAsync();
            await probing;
        }
    }

    private async Task ProbeAsync(int replica, CancellationToken ended)
    {
        try
        {
            await foreach (var healthy in HealthProbe.WatchAsync(project, replica, ended))
            {
                SetHealth(replica, healthy ? HealthStatus.Healthy : HealthStatus.Unhealthy);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void SetHealth(int replica, HealthStatus? status)
    {
        lock (_gate)
        {
            if (_health[replica] == status)
            {
                return;
            }

            var wasHealthy = _health.All(health => health == HealthStatus.Healthy);
            _health[replica] = status;
            var isHealthy = _health.All(health => health == HealthStatus.Healthy);
            // Said first, so that what waits for it is not heard before it.
            if (wasHealthy != isHealthy && !isJob)
            {
                // Only a start takes time; that it is well again has no length.
                Say(!isHealthy ? "not healthy" : _starting is { } start ? $"healthy after {start.Elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s" : "healthy");
                _starting = isHealthy ? null : _starting;
            }

            Publish(
                _health.Any(health => health is null) ? KnownResourceStates.Starting : KnownResourceStates.Running,
                isHealthy ? HealthStatus.Healthy : HealthStatus.Unhealthy);
        }
    }
}
