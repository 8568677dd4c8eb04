using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using Engram.Engine.Latency;

namespace Engram.Api.Account;

public sealed record SmokeCheckInput
{
    [Description("Its group, such as 'dedup'."), StringLength(60, MinimumLength = 1)]
    public required string Group { get; init; }

    [Description("Its name, unique within the group and the same in every run."), StringLength(200, MinimumLength = 1)]
    public required string Name { get; init; }

    [Description("passed, failed or skipped."), AllowedValues("passed", "failed", "skipped")]
    public required string Outcome { get; init; }

    [Description("Milliseconds its one operation took, as the client saw them; left out where it was skipped."), Range(0.0, 1e9)]
    public double? Ms { get; init; }

    [Description("What was wrong, or why it was skipped."), StringLength(2000)]
    public string? Detail { get; init; }

    public SmokeCheck ToCheck() => new(Group, Name, Outcome, Ms, Detail);
}

public sealed record AppendSmokeRequest
{
    [Description("When the run began.")]
    public required DateTimeOffset At { get; init; }

    [Description("The deployment that was looked at. Left out: the one that answers."), StringLength(100, MinimumLength = 1)]
    public string? DeployId { get; init; }

    [Description("passed, failed or aborted."), AllowedValues("passed", "failed", "aborted")]
    public required string Verdict { get; init; }

    [Description("Milliseconds of the whole run."), Range(0.0, 1e9)]
    public required double DurationMs { get; init; }

    [Description("The simplest authenticated request over the bare floor of the same host."), Range(0.0, 1e9)]
    public double? FloorRatio { get; init; }

    [Description("Every check in its order."), MinLength(1), MaxLength(1000)]
    public required IReadOnlyList<SmokeCheckInput> Checks { get; init; }

    public NewSmokeRun ToRun() => new(At, DeployId, Verdict, DurationMs, FloorRatio, [.. Checks.Select(check => check.ToCheck())]);
}

/// <summary>Runs, newest first. <c>next</c> is the cursor of the next page.</summary>
public sealed record SmokeRunPage(IReadOnlyList<SmokeRun> Runs, string? Next);

/// <summary>A run with its checks in their order.</summary>
public sealed record SmokeRunDetail(
    Guid Id,
    DateTimeOffset At,
    string DeployId,
    string Verdict,
    double DurationMs,
    int Passed,
    int Failed,
    int Skipped,
    double? FloorRatio,
    IReadOnlyList<SmokeCheck> Checks)
{
    public static SmokeRunDetail From(SmokeRun run, IReadOnlyList<SmokeCheck> checks) => new(
        run.Id, run.At, run.DeployId, run.Verdict, run.DurationMs, run.Passed, run.Failed, run.Skipped, run.FloorRatio, checks);
}

/// <summary>How checks went from run to run, oldest first.</summary>
public sealed record SmokePoints(IReadOnlyList<SmokePoint> Points);
