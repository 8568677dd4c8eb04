using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engram.Smoke.Run;

/// <summary>What a run found: as a table for people, as JSON, and as lines for a local file.</summary>
internal sealed record SmokeReport(
    Target Target,
    DateTimeOffset At,
    double DurationMs,
    bool Aborted,
    double? FloorRatio,
    IReadOnlyList<CheckResult> Results,
    IReadOnlyDictionary<string, double> GroupMs,
    IReadOnlyList<string> Left)
{
    private const int Slowest = 5;
    private const int DetailLimit = 1900;

    private static readonly JsonSerializerOptions Wire = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static readonly JsonSerializerOptions Readable = new(Wire) { WriteIndented = true };

    public KeptRun? Kept { get; init; }

    /// <summary>The deployment, where the caller names it.</summary>
    public string? DeployId { get; init; }

    public string Verdict => Aborted ? "aborted" : Count(Outcome.Failed) > 0 || Left.Count > 0 ? "failed" : "passed";

    public int Exit => Verdict switch { "passed" => ExitCode.Passed, "failed" => ExitCode.Failed, _ => ExitCode.CouldNotRun };

    private string Deployment => DeployId ?? Kept?.DeployId ?? "unknown";

    /// <summary>The body of <c>POST /account/smoke</c>.</summary>
    public object ToRequest() => new
    {
        at = At,
        deploy_id = DeployId,
        verdict = Verdict,
        duration_ms = Rounded(DurationMs),
        floor_ratio = FloorRatio,
        checks = Results.Select(View),
    };

    public string ToJson() => JsonSerializer.Serialize(
        new
        {
            run = Kept?.Id,
            At,
            deploy_id = Deployment,
            Verdict,
            exit_code = Exit,
            duration_ms = Rounded(DurationMs),
            floor_ratio = FloorRatio,
            target = new { api = Target.Api, mcp = Target.Mcp, portal = Target.Portal, worker = Target.Worker, fake_provider = Target.FakeProvider },
            groups = Groups().Select(group => new
            {
                group = group.Key,
                checks = group.Count(),
                passed = Of(group, Outcome.Passed),
                failed = Of(group, Outcome.Failed),
                skipped = Of(group, Outcome.Skipped),
                ms = Rounded(GroupMs.GetValueOrDefault(group.Key)),
                verdict = VerdictOf(group),
            }),
            checks = Results.Select(View),
            not_taken_back = Left,
            not_kept = Kept?.Problem,
        },
        Readable) + "\n";

    /// <summary>One line a check, each complete in itself: the file can be cut and put together at any line.</summary>
    public string ToLines()
    {
        var lines = new StringBuilder();
        foreach (var check in Results)
        {
            lines.Append(JsonSerializer.Serialize(
                new { At, run = Kept?.Id, deploy_id = Deployment, check.Group, check = check.Name, outcome = NameOf(check.Outcome), ms = Rounded(check.Ms) }, Wire)).Append('\n');
        }

        return lines.ToString();
    }

    public string ToTable()
    {
        var text = new StringBuilder();
        var line = CultureInfo.InvariantCulture;
        text.Append(line, $"Smoke of {Target.Api.GetLeftPart(UriPartial.Authority)}, deployment {Deployment}, {At:yyyy-MM-dd HH:mm:ss} UTC\n\n");
        text.Append(line, $"{"group",-22}{"checks",7}{"passed",8}{"failed",8}{"skipped",9}{"ms",10}  verdict\n");
        foreach (var group in Groups())
        {
            text.Append(line, $"{group.Key,-22}{group.Count(),7}{Of(group, Outcome.Passed),8}{Of(group, Outcome.Failed),8}{Of(group, Outcome.Skipped),9}")
                .Append(line, $"{GroupMs.GetValueOrDefault(group.Key),10:0.0}  {VerdictOf(group)}\n");
        }

        text.Append(line, $"{"",-22}{Results.Count,7}{Count(Outcome.Passed),8}{Count(Outcome.Failed),8}{Count(Outcome.Skipped),9}{DurationMs,10:0.0}  {Verdict.ToUpperInvariant()}\n\n");
        AddFailures(text, line);
        if (FloorRatio is { } ratio)
            text.Append(line, $"The simplest authenticated request takes {ratio:0.0} times as long as the bare floor of the same host.\n");
        text.Append(line, $"Slowest: {string.Join("; ", Results.Where(check => check.Ms is not null).OrderByDescending(check => check.Ms).Take(Slowest).Select(check => string.Create(line, $"{check.Group} / {check.Name} {check.Ms:0} ms")))}.\n");
        text.Append(Kept is { Id: { } id } ? $"Kept as run {id}: GET {Target.Api.GetLeftPart(UriPartial.Authority)}/account/smoke/{id}\n" : $"The timings were not kept: {Kept?.Problem}\n");
        foreach (var left in Left)
            text.Append(line, $"NOT TAKEN BACK  {left}\n");
        return text.ToString();
    }

    private void AddFailures(StringBuilder text, CultureInfo line)
    {
        foreach (var check in Results.Where(check => check.Outcome == Outcome.Failed))
            text.Append(line, $"FAILED   {check.Group} / {check.Name}\n         {check.Detail}\n\n");
        foreach (var reason in Results.Where(check => check.Outcome == Outcome.Skipped).GroupBy(check => (check.Group, check.Detail)))
            text.Append(line, $"SKIPPED  {reason.Key.Group}: {string.Join(", ", reason.Select(check => check.Name))}\n         {reason.Key.Detail}\n\n");
    }

    private static object View(CheckResult check) => new
    {
        group = check.Group,
        name = check.Name,
        outcome = NameOf(check.Outcome),
        ms = Rounded(check.Ms),
        detail = check.Detail is { Length: > DetailLimit } ? check.Detail[..DetailLimit] : check.Detail,
    };

    private IEnumerable<IGrouping<string, CheckResult>> Groups() => Results.GroupBy(check => check.Group);

    private int Count(Outcome outcome) => Of(Results, outcome);

    private static int Of(IEnumerable<CheckResult> checks, Outcome outcome) => checks.Count(check => check.Outcome == outcome);

    private static string VerdictOf(IEnumerable<CheckResult> checks) =>
        checks.Any(check => check.Outcome == Outcome.Failed) ? "FAILED" : checks.All(check => check.Outcome == Outcome.Skipped) ? "skipped" : "passed";

    private static string NameOf(Outcome outcome) => outcome switch { Outcome.Passed => "passed", Outcome.Failed => "failed", _ => "skipped" };

    private static double? Rounded(double? ms) => ms is { } value ? Math.Round(value, 3) : null;
}
