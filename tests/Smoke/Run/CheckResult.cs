namespace Engram.Smoke.Run;

internal enum Outcome
{
    Passed,
    Failed,
    Skipped,
}

/// <summary>How a check went.</summary>
/// <param name="Group">Its group.</param>
/// <param name="Name">Its name.</param>
/// <param name="Outcome">The verdict.</param>
/// <param name="Ms">Milliseconds of its one operation; null where there was none.</param>
/// <param name="Detail">What was wrong, or why it was skipped.</param>
internal sealed record CheckResult(string Group, string Name, Outcome Outcome, double? Ms, string? Detail);
