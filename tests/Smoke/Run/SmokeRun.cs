using System.Diagnostics;
using Engram.Smoke.Wire;

namespace Engram.Smoke.Run;

/// <summary>A whole run: fixture, groups, taking everything back, keeping the timings.</summary>
internal sealed class SmokeRun(Target target, IReadOnlyList<SmokeGroup> groups, string? deployId, CancellationToken stop)
{
    private readonly List<CheckResult> _results = [];

    /// <summary>Told of each group as it begins; for people who wait.</summary>
    public Action<string>? Progress { get; init; }

    public async Task<SmokeReport> RunAsync()
    {
        var (at, started) = (DateTimeOffset.UtcNow, Stopwatch.GetTimestamp());
        double? floor = null;
        IReadOnlyList<string> left = [];
        var times = new Dictionary<string, double>();
        await using var fixture = new Fixture(target, stop);
        var aborted = false;
        try
        {
            await fixture.PrepareAsync();
            foreach (var group in groups)
            {
                Progress?.Invoke(group.Name);
                var began = Stopwatch.GetTimestamp();
                await RunAsync(group, fixture);
                times[group.Name] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            }

            floor = fixture.Requests.TryGetValue(BucketsFloor, out var ratio) ? double.Parse(ratio, System.Globalization.CultureInfo.InvariantCulture) : null;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            aborted = true;
        }
        finally
        {
            Progress?.Invoke("taking everything back");
            left = await fixture.CleanUpAsync();
        }

        var report = new SmokeReport(target, at, Stopwatch.GetElapsedTime(started).TotalMilliseconds, aborted, floor, _results, times, left) { DeployId = deployId };
        return report with { Kept = await KeepAsync(report) };
    }

    /// <summary>Where the buckets group leaves the floor's ratio.</summary>
    public const string BucketsFloor = "floor-ratio";

    private async Task RunAsync(SmokeGroup group, Fixture fixture)
    {
        var checks = new Checks(group.Name, _results, stop);
        try
        {
            await group.RunAsync(fixture, checks);
        }
        catch (Exception e) when (!stop.IsCancellationRequested)
        {
            checks.Broke(e);
        }
    }

    /// <summary>Appends the timings at the deployment itself, in the admin key's tenant: those of the smoke are gone by now.</summary>
    private async Task<KeptRun> KeepAsync(SmokeReport report)
    {
        if (report.Results.Count == 0)
            return new KeptRun(null, null, "no check was run");
        using var admin = new ApiClient(target.Api, target.AdminKey, CancellationToken.None);
        try
        {
            var kept = await admin.PostAsync("/account/smoke", report.ToRequest());
            return kept.Status == 201 ? new KeptRun(kept.Text("id"), kept.Text("deploy_id"), null) : new KeptRun(null, null, kept.ToString());
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or UnexpectedException)
        {
            return new KeptRun(null, null, e.Message);
        }
    }
}

/// <summary>The run as the deployment keeps it.</summary>
/// <param name="Id">Its id there, or null.</param>
/// <param name="DeployId">The deployment that answered, or null.</param>
/// <param name="Problem">Why it was not kept, or null.</param>
internal sealed record KeptRun(string? Id, string? DeployId, string? Problem);
