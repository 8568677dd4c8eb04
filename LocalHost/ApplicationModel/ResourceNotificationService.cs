using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

public static class KnownResourceStates
{
    public const string NotStarted = "NotStarted";
    public const string Waiting = "Waiting";
    public const string Starting = "Starting";
    public const string Running = "Running";
    public const string Finished = "Finished";
    public const string Exited = "Exited";
    public const string FailedToStart = "FailedToStart";
}

/// <summary>What is known of a resource now.</summary>
public sealed record CustomResourceSnapshot
{
    public string State { get; init; } = KnownResourceStates.NotStarted;

    /// <summary>Null until the resource runs.</summary>
    public HealthStatus? HealthStatus { get; init; }

    public int? ExitCode { get; init; }

    /// <summary>Why, in words, where the state does not say it.</summary>
    public string? Detail { get; init; }

    internal bool IsHealthy => State == KnownResourceStates.Running && HealthStatus == Microsoft.Extensions.Diagnostics.HealthChecks.HealthStatus.Healthy;

    /// <summary>It will not get healthy any more in this run.</summary>
    internal bool IsOver => State is KnownResourceStates.Finished or KnownResourceStates.Exited or KnownResourceStates.FailedToStart;
}

public sealed record ResourceEvent(string ResourceName, CustomResourceSnapshot Snapshot);

/// <summary>The states of all resources, and waiting for them.</summary>
public sealed class ResourceNotificationService
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, CustomResourceSnapshot> _snapshots = new(StringComparer.OrdinalIgnoreCase);
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <exception cref="DistributedApplicationException">The resource does not exist, or ended and will not get healthy.</exception>
    public async Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default)
    {
        var snapshot = await WaitAsync(resourceName, current => current.IsHealthy || current.IsOver, cancellationToken);
        return snapshot.IsHealthy
            ? new ResourceEvent(resourceName, snapshot)
            : throw new DistributedApplicationException($"'{resourceName}' will not get healthy: {Describe(snapshot)}.");
    }

    /// <summary>Waits for a state of <see cref="KnownResourceStates"/>.</summary>
    public async Task<ResourceEvent> WaitForResourceAsync(string resourceName, string targetState, CancellationToken cancellationToken = default) =>
        new(resourceName, await WaitAsync(resourceName, current => current.State == targetState, cancellationToken));

    internal static string Describe(CustomResourceSnapshot snapshot) =>
        snapshot.Detail ?? snapshot.State + (snapshot.ExitCode is { } code ? $" with exit code {code}" : "");

    internal void Publish(string resourceName, CustomResourceSnapshot snapshot)
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            _snapshots[resourceName] = snapshot;
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    internal CustomResourceSnapshot Get(string resourceName)
    {
        lock (_gate)
        {
            return _snapshots.TryGetValue(resourceName, out var snapshot)
                ? snapshot
                : throw new DistributedApplicationException($"There is no resource '{resourceName}'. There are: {string.Join(", ", _snapshots.Keys)}.");
        }
    }

    internal async Task<CustomResourceSnapshot> WaitAsync(string resourceName, Func<CustomResourceSnapshot, bool> until, CancellationToken ct)
    {
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                changed = _changed.Task;
            }

            var snapshot = Get(resourceName);
            if (until(snapshot))
            {
                return snapshot;
            }

            await changed.WaitAsync(ct);
        }
    }
}
